"""Reads the parser directives of a Dockerfile: `# syntax=`, `# escape=` and `# check=`.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/parser/directives.go
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scoped_images.patterns.go_text import SPACES

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*")
_NAMES = ("check", "escape", "syntax")
_ESCAPES = ("\\", "`")


class DirectiveError(ValueError):
    """A directive is repeated or has an invalid value. line: where, from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


def read_directives(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the names and values of the directives at the top; any other line ends them. Raises DirectiveError."""
    found = set()
    for number, line in enumerate(lines, start=1):
        match = _DIRECTIVE.fullmatch(line.removeprefix("#").lstrip(SPACES)) if line.startswith("#") else None
        name = match[1].lower() if match else ""
        if match is None or name not in _NAMES:
            return
        if name in found:
            raise DirectiveError(number, f"only one # {name} directive can be used; remove one")
        found.add(name)
        if name == "escape" and match[2] not in _ESCAPES:
            raise DirectiveError(number, f"# escape takes a backslash or a backtick, got {match[2]!r}")
        yield name, match[2]


def syntax_directive(text: str) -> str:
    """Return the image of the frontend that the file asks for, or an empty string.

    BuildKit looks for it before it parses anything. A line that starts with `#!` may come before.
    """
    text = text.removeprefix("\ufeff")
    if text.startswith("#!"):
        text = text.partition("\n")[2]
    try:
        for name, value in read_directives(line.removesuffix("\r") for line in text.split("\n")):
            if name == "syntax":
                return value.partition(" ")[0]
    except DirectiveError:  # parsing reports it
        pass
    return ""
