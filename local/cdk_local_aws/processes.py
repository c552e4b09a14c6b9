"""Finds and ends our processes and mounts on Linux by a word in their arguments or path."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def processes_naming(program: str, word: str) -> list[int]:
    """Return the ids of the running processes of this program with the word in an argument."""
    found = []
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            arguments = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:  # it has just ended
            continue
        if Path(arguments[0]).name == program and state != "Z" and any(word in a for a in arguments[1:]):
            found.append(int(folder.name))
    return sorted(found)


def end(pids: Iterable[int], number: signal.Signals, *, seconds: float) -> None:
    """Send the signal to the processes, and kill those that still run after `seconds`."""
    left = list(pids)
    _send(left, number)
    give_up = time.monotonic() + seconds
    while (left := [pid for pid in left if runs(pid)]) and time.monotonic() < give_up:
        time.sleep(0.05)
    _send(left, signal.SIGKILL)
    while any(runs(pid) for pid in left):
        time.sleep(0.05)


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def runs(pid: int) -> bool:
    """Return whether the process runs."""
    with contextlib.suppress(ChildProcessError):  # our own child stays a zombie until this call
        os.waitpid(pid, os.WNOHANG)
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def unmount_below(folder: Path) -> None:
    """Detach every mount in the folder, the deepest first."""
    text = (PROC / "self/mountinfo").read_text()
    points = {_unescaped(line.split()[4]) for line in text.splitlines()}  # proc_pid_mountinfo(5)
    below = [point for point in points if Path(point).is_relative_to(folder)]
    for point in sorted(below, key=len, reverse=True):
        subprocess.run(["umount", "--lazy", point], check=False, capture_output=True)


def _unescaped(point: str) -> str:
    """Decode the path of a mount point, in which the kernel writes spaces as octal numbers."""
    return point.encode().decode("unicode_escape").encode("latin-1").decode(errors="replace")
