"""Ends programs together with the programs that they have started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

_POLL_SECONDS = 0.05


def end(processes: Sequence[subprocess.Popen[str]], *, seconds: float = 10) -> None:
    """Send SIGTERM to processes that still run, and SIGKILL to what is left after some seconds.

    The programs that a process has started are ended too, if it was started with start_new_session=True: a shell script
    does not pass a signal on.
    """
    running = [process for process in processes if process.poll() is None]
    groups = {process.pid: _leads_group(process.pid) for process in running}
    for process in running:
        _send(process, signal.SIGTERM, group=groups[process.pid])
    deadline = time.monotonic() + seconds
    for process in running:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0, deadline - time.monotonic()))
        while groups[process.pid] and time.monotonic() < deadline and _group_exists(process.pid):
            time.sleep(_POLL_SECONDS)
        _send(process, signal.SIGKILL, group=groups[process.pid])
        process.wait()


def _leads_group(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


def _send(process: subprocess.Popen[str], number: signal.Signals, *, group: bool) -> None:
    if not group:
        process.send_signal(number)
        return
    # macOS refuses a signal to a group that has ended and was not waited for.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _group_exists(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
