"""Keeps deployed functions and builds away from the files and processes of the user who started the emulator.

bubblewrap shows a process only the system's programs, this Python, and its own folder. If root starts it, the process
becomes a user without rights; otherwise it stays the developer's user, without the developer's files.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdk_local_aws.debian_packages import install_missing, system_path
from cdk_local_aws.engine import Machine

USER = 65100  # Debian reserves these numbers and never assigns them
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
CONFIGURATION = (
    *("ssl", "ca-certificates", "pki", "resolv.conf", "hosts", "nsswitch.conf", "passwd", "group"),
    *("localtime", "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "mime.types"),
    *("host.conf", "gai.conf", "services"),
)
# These variables name certificate files that programs inside read.
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
DROP_RIGHTS = (
    *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"),
    *("--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"),
)
INSTALL = " (install bubblewrap, and let users make user namespaces)"


def ensure_sandbox(say: Callable[[str], None]) -> None:
    """Install bubblewrap if this user may; otherwise report that it is missing."""
    if sandbox().bwrap is None and Machine.here().takes_private_engine():
        say("installing bubblewrap with apt: functions and builds of the local AWS run in its sandboxes")
        install_missing(["bubblewrap"])
        sandbox.cache_clear()
    if sandbox().bwrap is None:
        say(f"functions and builds of the local AWS run {sandbox().describe()}")


@dataclass(frozen=True)
class Sandbox:
    """Confines processes as far as this machine allows. bwrap: bubblewrap's program; None where it cannot run."""

    bwrap: str | None
    root: bool

    def describe(self) -> str:
        """Return for the user how a process runs."""
        if self.bwrap is None:
            return "without a sandbox, as the current user" + ("" if sys.platform != "linux" else INSTALL)
        user = "a user without rights" if self.root else "the current user"
        return f"in a sandbox that hides your files, as {user}"

    def command(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        shown: Iterable[Path] = (),
        readable: Iterable[Path] = (),
        writable: Iterable[Path] = (),
    ) -> list[str]:
        """Return the command that runs `command` in `folder`, confined if this machine allows it.

        Beside the system and this Python it sees only these paths. shown: with their rights. readable, writable: its
        own folders, on which the sandbox's user gets these rights.
        """
        if self.bwrap is None:
            return list(command)
        shown, readable, writable = list(shown), list(readable), list(writable)
        if self.root:
            for path in readable:
                _let_read(path)
            for path in writable:
                _give(path)
        python = [Path(sys.prefix), Path(sys.base_prefix)]
        named = [Path(environment[name]) for name in CERTIFICATES if environment.get(name)]
        modules = [Path(path) for path in environment.get("NODE_PATH", "").split(os.pathsep) if path]
        readable = [*python, *named, *modules, *shown, *readable]
        rights = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
        return [
            self.bwrap,
            *("--unshare-ipc", "--unshare-uts", "--ro-bind", "/usr", "/usr"),
            *_system(),
            *("--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"),  # noqa: S108 - its own
            *("--setenv", "TMPDIR", "/tmp"),  # noqa: S108
            # Python would look for compiled modules there only, and compile all of its own at each start.
            *("--unsetenv", "PYTHONPYCACHEPREFIX"),
            *_folders_above([*readable, *writable]),
            *(word for path in readable for word in ("--ro-bind-try", str(path), str(path))),
            *(word for path in writable for word in ("--bind", str(path), str(path))),
            *("--chdir", str(folder)),
            *((*rights, "--", *DROP_RIGHTS) if self.root else ("--",)),
            *command,
        ]


@functools.cache
def sandbox() -> Sandbox:
    """Return what this machine allows, as found by the first call."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    bwrap = shutil.which("bwrap", path=system_path())
    if bwrap is not None:
        tried = subprocess.run([bwrap, "--ro-bind", "/", "/", "true"], check=False, capture_output=True)
        bwrap = bwrap if tried.returncode == 0 else None
    return Sandbox(bwrap=bwrap, root=root)


def _system() -> list[str]:
    """Return the options for the system's folders, on most machines links into /usr, and the public files of /etc."""
    words = ["--dir", "/etc"]
    for name in SYSTEM:
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.exists():
            words += ["--ro-bind", name, name]
    return words + [
        word for name in CONFIGURATION for word in ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    ]


def _folders_above(paths: Iterable[Path]) -> list[str]:
    """Return the options that make the folders above the paths; bubblewrap would make them for root only."""
    above = sorted({parent for path in paths for parent in path.parents})
    return [word for folder in above if folder != Path("/") for word in ("--dir", str(folder))]


def _let_read(path: Path) -> None:
    """Let all users read the path. The folder above is private, so only sandboxes reach it."""
    for each in [path, *path.rglob("*")] if path.is_dir() else [path]:
        if not each.is_symlink():
            mode = each.stat().st_mode
            executable = each.is_dir() or mode & 0o100
            each.chmod(mode | (0o555 if executable else 0o444))


def _give(path: Path) -> None:
    """Make the sandbox's user the owner."""
    for each in [path, *path.rglob("*")] if path.is_dir() else [path]:
        os.lchown(each, USER, USER)
