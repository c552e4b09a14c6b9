"""Reads the parser directives of a Dockerfile: `# syntax=`, `# escape=` and `# check=`.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/parser/directives.go
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from scoped_images.patterns.go_text import SPACES

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*")
_NAMES = ("check", "escape", "syntax")
ESCAPES = ("\\", "`")


@dataclass(frozen=True)
class Directive:
    """One directive. line: where it is, from 1."""

    name: str
    value: str
    line: int


class DirectiveError(ValueError):
    """A directive is repeated or has an invalid value. line: where, from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


def read_directives(lines: Iterable[str], *, comment: str = "#") -> list[Directive]:
    """Return the directives at the top of a Dockerfile; any other line ends them. Raises DirectiveError."""
    directives: list[Directive] = []
    for number, line in enumerate(lines, start=1):
        match = None
        if line.startswith(comment):
            match = _DIRECTIVE.fullmatch(line.removeprefix(comment).lstrip(SPACES))
        if match is None or match[1].lower() not in _NAMES:
            break
        name = match[1].lower()
        if any(name == directive.name for directive in directives):
            raise DirectiveError(number, f"only one # {name} directive can be used; remove one")
        directives.append(Directive(name, match[2], number))
    return directives


def escape_character(directives: Iterable[Directive]) -> str:
    """Return the escape character that the directives choose; raises DirectiveError."""
    for directive in directives:
        if directive.name == "escape":
            if directive.value not in ESCAPES:
                raise DirectiveError(
                    directive.line, f"# escape takes a backslash or a backtick, got {directive.value!r}"
                )
            return directive.value
    return "\\"


def syntax_directive(text: str) -> str:
    """Return the image of the frontend that the file asks for, or an empty string.

    BuildKit looks for it in three ways before it parses anything, so that a frontend of another language can be named:
    `# syntax=`, `// syntax=`, and a JSON object with the key `syntax`. A line that starts with `#!` may come before.
    """
    text = text.removeprefix("\ufeff")
    if text.startswith("#!"):
        text = text.partition("\n")[2]
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for comment in ("#", "//"):
        try:
            found = read_directives(lines, comment=comment)
        except DirectiveError as error:
            # BuildKit keeps the directives before the repeated one.
            found = read_directives(lines[: error.line - 1], comment=comment)
        for directive in found:
            if directive.name == "syntax":
                return directive.value.partition(" ")[0]
    return _json_syntax(text)


def _json_syntax(text: str) -> str:
    if not text.lstrip("\t\n\r ").startswith("{"):
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    syntax = value.get("syntax") if isinstance(value, dict) else None
    return syntax if isinstance(syntax, str) else ""
