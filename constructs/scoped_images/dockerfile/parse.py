"""Splits a Dockerfile into instructions with PyPI's `dockerfile`, which wraps BuildKit's own Go parser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from scoped_images.errors import ScopedImagesError

# One of the parser's commands: it has no type stubs.
_Command = Any
# https://github.com/moby/buildkit/blob/v0.25.1/frontend/dockerfile/parser/directives.go
_DIRECTIVE = re.compile(r"#\s*(syntax|escape|check)\s*=\s*(.+?)\s*", re.IGNORECASE)
_HEREDOC = re.compile(r"\d*<<-?\s*([^<]+)")


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction, unexpanded.

    name: in capitals. words: its arguments. flags: as written, `--from=x`. line: where it starts.
    trigger: the instruction that an ONBUILD holds.
    """

    name: str
    words: tuple[str, ...]
    flags: tuple[str, ...]
    line: int
    trigger: Instruction | None = None

    def flag_values(self, name: str) -> tuple[str, ...]:
        """Return the values of a flag that may be repeated."""
        prefix = f"--{name}="
        return tuple(flag.removeprefix(prefix) for flag in self.flags if flag.startswith(prefix))

    def flag_value(self, name: str) -> str:
        """Return the value of a flag, or an empty string."""
        return "".join(self.flag_values(name)[-1:])

    def has_flag(self, name: str) -> bool:
        """Whether a boolean flag is on."""
        return f"--{name}" in self.flags or self.flag_value(name).lower() == "true"

    @property
    def flag_names(self) -> tuple[str, ...]:
        """Names of the flags given."""
        return tuple(flag.removeprefix("--").partition("=")[0] for flag in self.flags if flag != "--")


@dataclass(frozen=True, kw_only=True)
class ParsedDockerfile:
    """The instructions of a Dockerfile.

    name: for messages. escape: the character that the `# escape` directive chose. syntax: the `# syntax` directive.
    """

    name: str
    instructions: tuple[Instruction, ...]
    escape: str = "\\"
    syntax: str = ""

    def error(self, line: int, message: str) -> ScopedImagesError:
        """Return an error that names the place."""
        return ScopedImagesError(f"{self.name}:{line}: {message}")


def parse_dockerfile(text: bytes | str, *, name: str) -> ParsedDockerfile:
    """Parse a Dockerfile; raises ScopedImagesError that names it."""
    content = _decode(text, name)
    directives, content = _take_directives(content, name)
    instructions = tuple(_instruction(command, name) for command in _commands(content, name))
    return ParsedDockerfile(
        name=name,
        instructions=instructions,
        escape=directives.get("escape", "\\"),
        syntax=directives.get("syntax", ""),
    )


def heredoc_name(word: str) -> str | None:
    """Return the name of the heredoc that a COPY source opens, `EOF` for `<<EOF`, or None for a path."""
    match = _HEREDOC.fullmatch(word)
    if match is None or len(match[1].split()) != 1:
        return None
    return match[1].strip().strip("\"'")


def _decode(text: bytes | str, name: str) -> str:
    try:
        content = text.decode() if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise ScopedImagesError(f"{name}: is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    if "\0" in content:
        # The parser takes a C string and would silently stop here.
        line = content[: content.index("\0")].count("\n") + 1
        raise ScopedImagesError(f"{name}:{line}: has a NUL character; remove it")
    return content


def _commands(content: str, name: str) -> tuple[_Command, ...]:
    parser = _parser()
    try:
        return tuple(parser.parse_string(content))
    except parser.GoParseError as error:
        raise ScopedImagesError(f"{name}: {error}") from None


def _parser() -> Any:
    """Import the parser late: all else works without it where PyPI has no wheel, as on Linux arm64."""
    try:
        return import_module("dockerfile")
    except ImportError as error:
        raise ScopedImagesError(
            f"following a Dockerfile needs PyPI's `dockerfile`, and it cannot be imported: {error}; install it with "
            "`pip install dockerfile==3.4.0` (where there is no wheel for the machine, this needs Go), or take one "
            "folder with ScopedContext.of"
        ) from None


def _take_directives(content: str, name: str) -> tuple[dict[str, str], str]:
    """Read the directives, which stand before everything else, and write them so that the parser reads `escape`.

    It takes `# check`, which is younger than it is, for a comment that ends the directives.
    """
    directives: dict[str, str] = {}
    lines = content.removeprefix("\ufeff").split("\n")
    for number, line in enumerate(lines):
        match = _DIRECTIVE.fullmatch(line.rstrip("\r"))
        if match is None:
            break
        key = match[1].lower()
        if key in directives:
            raise ScopedImagesError(
                f"{name}:{number + 1}: only one # {key} directive can be used; remove one"
            )
        directives[key] = match[2]
        lines[number] = "#"
    if "escape" in directives:
        lines[0] = f"# escape={directives['escape']}"
    return directives, "\n".join(lines)


def _instruction(command: _Command, name: str) -> Instruction:
    # The parser gives a lone continuation character at the end as a command of nothing.
    if not command.cmd:
        raise ScopedImagesError(f"{name}:{command.start_line}: the line continues into nothing; remove it")
    kind = command.cmd.upper()
    known = sorted(name.upper() for name in _parser().all_cmds())
    if kind not in known:
        raise ScopedImagesError(
            f"{name}:{command.start_line}: unknown instruction {command.cmd!r}; there are {', '.join(known)}"
        )
    return Instruction(
        name=kind,
        words=tuple(command.value),
        flags=tuple(command.flags),
        line=command.start_line,
        trigger=_trigger(command, name) if kind == "ONBUILD" else None,
    )


def _trigger(command: _Command, name: str) -> Instruction:
    """Parse what an ONBUILD holds: the parser drops its flags and its heredocs' contents."""
    text = re.sub(r"(?i)^\s*ONBUILD\s*", "", command.original)
    if (command.sub_cmd or "").upper() == "RUN":
        text = f"{text.partition('<<')[0]} :"
    else:
        names = filter(None, map(heredoc_name, command.value))
        text = "\n".join([text.splitlines()[0], *names]) if text else text
    triggers = _commands(text, f"{name}:{command.start_line}")
    if len(triggers) != 1:
        raise ScopedImagesError(f"{name}:{command.start_line}: ONBUILD takes one instruction")
    parsed = _instruction(triggers[0], name)
    if parsed.name in ("ONBUILD", "FROM", "MAINTAINER"):
        raise ScopedImagesError(f"{name}:{command.start_line}: {parsed.name} is not allowed in an ONBUILD")
    return Instruction(name=parsed.name, words=parsed.words, flags=parsed.flags, line=command.start_line)
