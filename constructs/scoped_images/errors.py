"""The one error that a user's own mistake raises."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

from scoped_images.printable import printable, printable_line

# Paths are seldom longer, and a whole one of 4,096 characters hides the message around it.
_LONG_WORD = re.compile(r"(?<!\S)(\S{200})\S{100,}(\S{80})")


class ScopedImagesError(ValueError):
    """A setting, path or wiring is wrong; the message says which, what was got, and what to do.

    The message is safe to print: names in it cannot steer a terminal or a CI service, and long ones are cut.

    If nothing catches the error, Python prints the line of the app that caused it and the message, without a traceback;
    `cdk --debug` prints that too.
    """

    def __init__(self, message: str) -> None:
        super().__init__(_LONG_WORD.sub(r"\1…\2", printable(message)))
        # Only now, and only in place of Python's own hook: importing the library changes nothing.
        if sys.excepthook is sys.__excepthook__:
            sys.excepthook = _report


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an error that ends the program."""
    if not isinstance(error, ScopedImagesError) or os.environ.get("CDK_DEBUG") == "true":
        sys.__excepthook__(kind, error, trace)
    elif sys.stderr is not None:
        lines = [f"{_place(trace)}error: {error}", *map(printable, getattr(error, "__notes__", ()))]
        cause = error.__cause__
        while cause is not None:
            # Most messages end with the words of the operating system.
            if not (isinstance(cause, OSError) and cause.strerror and cause.strerror in str(error)):
                lines.append(printable_line(f"caused by {type(cause).__name__}: {cause}"))
            cause = cause.__cause__
        sys.stderr.write("".join(f"{line}\n" for line in lines))


def _place(trace: TracebackType | None) -> str:
    """Return `app.py:12: ` for the innermost line that belongs to the app, and to no library."""
    folders = (
        Path(__file__).parent,
        *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
    )
    for frame, line in reversed(list(traceback.walk_tb(trace))):
        path = frame.f_code.co_filename
        if not path.startswith(("<", *(f"{folder}{os.sep}" for folder in folders))):
            return printable_line(f"{_from_here(path)}:{line}: ")
    return ""


def _from_here(path: str) -> str:
    """Return a path relative to the current folder, if it is below it."""
    try:
        inside = os.path.relpath(path)
    except (OSError, ValueError):  # the current folder is gone, or on another drive
        return path
    return path if inside.startswith(os.pardir) else inside
