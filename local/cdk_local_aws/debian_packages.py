"""Downloads Debian packages from the machine's own mirror with apt, which verifies them, and unpacks them."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdk_local_aws.errors import LocalError

SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")  # dpkg and runc look here; PATH may lack them
# apt fails while another apt runs, so checkouts and test workers take turns.
APT_TURN = Path("/run/cdk-local-aws-apt.lock")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def os_release() -> dict[str, str]:
    """Return the fields of os-release(5); none on a machine without the file."""
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def machine_mirror() -> str:
    """Return the address from which this machine's apt gets Debian itself, not security updates or other vendors."""
    codename = os_release().get("VERSION_CODENAME", "")
    listing = ["indextargets", "--no-release-info", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"]
    for line in run(["apt-get", *listing, "Created-By: Packages"]).splitlines():
        address, suite, component = line.split()
        if suite in (codename, "stable") and component == "main":
            return address
    raise LocalError(
        f"no source of Debian {codename}'s component `main` in /etc/apt/sources.list or /etc/apt/sources.list.d. "
        "Add one, or install Docker with the containerd image store yourself."
    )


@dataclass(frozen=True)
class DebianSuite:
    """Reads a suite of the mirror with separate package lists; the machine's own lists do not change."""

    name: str
    mirror: str
    work: Path

    def _apt_get(self, *arguments: str, cwd: Path | None = None) -> None:
        options = {
            "Dir::Etc::sourcelist": self.work / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::Lists": self.work / "lists",
            "Dir::Cache": self.work / "cache",
            "APT::Sandbox::User": "root",  # apt's own user may not be able to read the folder
            "Acquire::Retries": "3",
            "Acquire::http::Timeout": "30",
            "Acquire::https::Timeout": "30",
            "Acquire::Languages": "none",
        }
        settings = [f"-o{name}={value}" for name, value in options.items()]
        run(["apt-get", "-q", *settings, *arguments], cwd=cwd)

    def download(self, packages: Sequence[str]) -> list[Path]:
        """Download the .deb files of the packages; apt checks their hashes against the archive's signed list."""
        debs = self.work / "debs"
        for folder in (self.work / "lists/partial", self.work / "cache/archives/partial", debs):
            folder.mkdir(parents=True, exist_ok=True)
        source = f"deb [signed-by={KEYRING}] {self.mirror} {self.name} main\n"
        (self.work / "sources.list").write_text(source)
        self._apt_get("update", "--error-on=any")
        self._apt_get("download", *packages, cwd=debs)
        return sorted(debs.glob("*.deb"))


def unpack(debs: Iterable[Path], into: Path) -> dict[str, str]:
    """Unpack the packages without running their scripts, and return each package's version by its name."""
    versions = {}
    for deb in debs:
        run(["dpkg-deb", "--extract", str(deb), str(into)])
        shown = run(["dpkg-deb", "--show", "--showformat=${Package} ${Version}", str(deb)])
        package, version = shown.split()
        versions[package] = version
    return versions


def install_missing(packages: Sequence[str]) -> None:
    """Install packages of the machine's own release with apt, which upgrades and removes nothing."""
    import fcntl  # noqa: PLC0415 (Windows lacks it, and installs nothing)

    # The timeout is for an apt that another program runs.
    flags = ["--yes", "--no-install-recommends", "--no-upgrade", "--no-remove", "-oDPkg::Lock::Timeout=300"]
    install = ["apt-get", "-q", "install", *flags, *packages]
    with APT_TURN.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            run(install)
        except LocalError:
            # A fresh machine has no package lists, and old lists name versions that no longer exist.
            run(["apt-get", "-q", "update"])
            run(install)


def system_path() -> str:
    """Return PATH with the folders of programs that only root runs."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])


def run(command: Sequence[str], *, cwd: Path | None = None) -> str:
    """Run a command and return its standard output; raise LocalError with the end of its output if it fails."""
    if shutil.which(command[0]) is None:
        raise LocalError(f"{command[0]} is not installed; the private container engine needs it")
    done = subprocess.run(
        command,
        cwd=cwd,
        env={
            **os.environ,
            "PATH": system_path(),
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-15:]
        words = " ".join(word for word in command if not word.startswith("-"))
        raise LocalError(f"`{words}` failed:\n  " + "\n  ".join(said))
    return done.stdout
