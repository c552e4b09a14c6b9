"""Prints lines for people."""

from __future__ import annotations

import json
import sys
from typing import TextIO

from scoped_images.printable import printable, printable_line


def say(text: str, *, file: TextIO | None = None) -> None:
    """Print text of one or more lines, to stdout by default."""
    print(printable(text), file=file)


def say_json(content: object) -> None:
    """Print JSON to stdout; its escapes keep names in it from steering a terminal."""
    print(json.dumps(content, indent=2))


def warn(text: str) -> None:
    """Print a warning of one line to stderr."""
    print(f"warning: {printable_line(text)}", file=sys.stderr)
