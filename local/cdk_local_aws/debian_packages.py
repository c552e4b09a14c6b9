"""Debian packages unpacked into a private folder: from the machine's own mirror, verified by apt."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdk_local_aws.errors import LocalError

APT = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")  # where dpkg and runc look; PATH may not have them
# apt fails where another one runs: checkouts and test workers that install at once take turns.
APT_TURN = Path("/run/cdk-local-aws-apt.lock")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class AptSource:
    """One archive of binary packages that the machine's apt knows."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]


def parse_deb822(text: str) -> list[AptSource]:
    """The sources of a `.sources` file (sources.list(5), DEB822-STYLE FORMAT)."""
    return [source for stanza in re.split(r"\n\s*\n", text) for source in _stanza_sources(stanza)]


def _stanza_sources(stanza: str) -> list[AptSource]:
    fields: dict[str, list[str]] = {}
    name = ""
    for line in stanza.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():  # goes on with the field before
            fields.setdefault(name, []).extend(line.split())
            continue
        head, _, value = line.partition(":")
        name = head.strip().lower()
        fields[name] = value.split()
    if "deb" not in fields.get("types", []) or fields.get("enabled", ["yes"])[0].lower() in ("no", "false"):
        return []
    suites, components = tuple(fields.get("suites", [])), tuple(fields.get("components", []))
    return [AptSource(uri=uri, suites=suites, components=components) for uri in fields.get("uris", [])]


def parse_list(text: str) -> list[AptSource]:
    """The sources of a `.list` file (sources.list(5), ONE-LINE-STYLE FORMAT)."""
    entry = re.compile(r"deb\s+(?:\[[^]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>[^#]*)")
    found = [entry.match(line.strip()) for line in text.splitlines()]
    return [
        AptSource(uri=m["uri"], suites=(m["suite"],), components=tuple(m["components"].split()))
        for m in found
        if m
    ]


def machine_sources(apt: Path = APT) -> list[AptSource]:
    """Every source that the machine's apt is configured with."""
    folder = apt / "sources.list.d"
    lists = [apt / "sources.list", *sorted(folder.glob("*.list"))]
    sources = [s for path in lists if path.is_file() for s in parse_list(path.read_text())]
    return sources + [s for path in sorted(folder.glob("*.sources")) for s in parse_deb822(path.read_text())]


def debian_mirror(sources: Iterable[AptSource], codename: str) -> str:
    """The address under which this machine finds Debian itself (not its security archive, not other vendors)."""
    for source in sources:
        if {codename, "stable"} & set(source.suites) and "main" in source.components:
            return source.uri
    raise LocalError(
        f"no source of Debian {codename}'s component `main` in /etc/apt/sources.list or /etc/apt/sources.list.d. "
        "Add one, or install Docker with the containerd image store yourself."
    )


def release_field(name: str, os_release: Path = OS_RELEASE) -> str:
    """A field of os-release(5), empty where there is none."""
    text = os_release.read_text() if os_release.is_file() else ""
    found = re.search(rf'^{name}="?([^"\n]*)', text, re.MULTILINE)
    return found[1] if found else ""


def machine_mirror() -> str:
    """The Debian mirror of this machine's own apt configuration."""
    return debian_mirror(machine_sources(), release_field("VERSION_CODENAME"))


@dataclass(frozen=True)
class DebianSuite:
    """A suite of the mirror, read with lists of our own: the machine's package lists stay as they are."""

    name: str
    mirror: str
    work: Path

    def _apt_get(self, *arguments: str, cwd: Path | None = None) -> None:
        options = {
            "Dir::Etc::sourcelist": self.work / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::Lists": self.work / "lists",
            "Dir::Cache": self.work / "cache",
            "APT::Sandbox::User": "root",  # the folder may lie where apt's own user cannot read
            "Acquire::Retries": "3",
            "Acquire::http::Timeout": "30",
            "Acquire::https::Timeout": "30",
            "Acquire::Languages": "none",
        }
        settings = [f"-o{name}={value}" for name, value in options.items()]
        run(["apt-get", "-q", *settings, *arguments], cwd=cwd)

    def download(self, packages: Sequence[str]) -> list[Path]:
        """The packages' .deb files, their hashes checked against the signed list of the archive."""
        debs = self.work / "debs"
        for folder in (self.work / "lists/partial", self.work / "cache/archives/partial", debs):
            folder.mkdir(parents=True, exist_ok=True)
        source = f"deb [signed-by={KEYRING}] {self.mirror} {self.name} main\n"
        (self.work / "sources.list").write_text(source)
        self._apt_get("update", "--error-on=any")
        self._apt_get("download", *packages, cwd=debs)
        return sorted(debs.glob("*.deb"))


def unpack(debs: Iterable[Path], into: Path) -> dict[str, str]:
    """Unpack the files of the packages, run none of their scripts; the version of each package by name."""
    versions = {}
    for deb in debs:
        run(["dpkg-deb", "--extract", str(deb), str(into)])
        shown = run(["dpkg-deb", "--show", "--showformat=${Package} ${Version}", str(deb)])
        package, version = shown.split()
        versions[package] = version
    return versions


def install_missing(packages: Sequence[str]) -> None:
    """Install these packages of the machine's own release; what is installed is neither upgraded nor removed."""
    import fcntl  # noqa: PLC0415 (not on Windows, where nothing is installed)

    # The timeout is for an apt of somebody else.
    flags = ["--yes", "--no-install-recommends", "--no-upgrade", "--no-remove", "-oDPkg::Lock::Timeout=300"]
    install = ["apt-get", "-q", "install", *flags, *packages]
    with APT_TURN.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            run(install)
        except LocalError:  # a fresh machine has no package lists, an old one names versions that are gone
            run(["apt-get", "-q", "update"])
            run(install)


def system_path() -> str:
    """PATH with the folders of what only root runs."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])


def run(command: Sequence[str], *, cwd: Path | None = None) -> str:
    """The standard output of a command; LocalError with what it said when it fails."""
    if shutil.which(command[0]) is None:
        raise LocalError(f"{command[0]} is not installed: it is needed to set up the container engine.")
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
