"""Ends a command in order when a signal stops it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# A CI job that is cancelled, and a terminal that is closed.
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, so that programs are ended and logins deleted, as with Ctrl-C.

    A signal that is ignored stays ignored: `nohup` does that.
    """
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    caught = [each for each in _SIGNALS if before[each] is not signal.SIG_IGN]

    def stop(number: int, _frame: FrameType | None) -> None:
        # A second signal must not interrupt the cleaning up.
        for each in caught:
            signal.signal(each, _nothing)
        sys.exit(128 + number)

    for each in caught:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each in caught:
            signal.signal(each, before[each])


def _nothing(_number: int, _frame: FrameType | None) -> None:
    pass
