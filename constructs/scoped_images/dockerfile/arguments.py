"""Splits the text of one instruction into its name, its flags and its words.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/parser/split_command.go and line_parsers.go. Each kind
of instruction has its own rule for words.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache

from scoped_images.patterns.go_text import SPACES

INSTRUCTIONS = (
    *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"),
    *("MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
)
# What separates the words of most instructions (upstream's reWhitespace).
_SEPARATOR = re.compile(r"[\t\v\f\r ]+")
# Of the whitespace of unicode.IsSpace, what one byte can be.
_BYTE_SPACES = "\t\n\v\f\r \x85\xa0"


class ArgumentError(ValueError):
    """The arguments of an instruction are malformed."""


@dataclass(frozen=True)
class Words:
    """The words of an instruction. is_json: whether they were written as a JSON array."""

    words: tuple[str, ...]
    is_json: bool = False


def split_instruction(line: str, escape: str) -> tuple[str, tuple[str, ...], str]:
    """Return the name as written, the flags without quotes, and the rest of a line."""
    name, *rest = _SEPARATOR.split(line.strip(SPACES), maxsplit=1)
    if not rest:
        return name, (), ""
    text = rest[0]
    if not text.lstrip(SPACES).startswith("--"):
        return name, (), text.strip(SPACES)
    # Upstream reads flags byte by byte: letters beyond ASCII come out as their bytes in Latin-1.
    flags, end = _flags(text.encode("utf-8", "surrogateescape").decode("latin-1"), escape)
    return name, tuple(flags), end.encode("latin-1").decode("utf-8", "surrogateescape").strip(SPACES)


def read_words(instruction: str, text: str, escape: str) -> Words:
    """Return the words of an instruction, whose name is in capitals; raises ArgumentError."""
    match instruction:
        case "ADD" | "COPY" | "VOLUME":
            words = _json(text) or _separated(text)
        case "ARG":
            words = Words(tuple(_quoted_words(text, escape)))
        case "CMD" | "ENTRYPOINT" | "RUN" | "SHELL":
            words = _json(text) or _whole(text)
        case "ENV" | "LABEL":
            words = _pairs(instruction, text, escape)
        case "EXPOSE" | "FROM":
            words = _separated(text)
        case "HEALTHCHECK":
            words = _health_check(text)
        case _:  # that of an ONBUILD is an instruction of its own, which parse.py reads
            words = _whole(text)
    return words


def _flags(text: str, escape: str) -> tuple[list[str], str]:
    flags: list[str] = []
    index = 0
    while True:
        while index < len(text) and text[index] in _BYTE_SPACES:
            index += 1
        if not text.startswith("--", index):
            return flags, text[index:]
        word, index = _flag(text, index, escape)
        if word == "--":
            return flags, text[index:]
        flags.append(word)


def _flag(text: str, index: int, escape: str) -> tuple[str, int]:
    """Read one flag; return it without quotes and escapes, and where it ends."""
    word: list[str] = []
    quote = ""
    while index < len(text):
        character = text[index]
        if not quote and character in _BYTE_SPACES:
            break
        index += 1
        if character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        elif character != escape:
            word.append(character)
        elif index < len(text):
            word.append(text[index])
            index += 1
    return "".join(word), index


def _separated(text: str) -> Words:
    return Words(tuple(_SEPARATOR.split(text)) if text else ())


def _whole(text: str) -> Words:
    return Words((text,) if text else ())


def _health_check(text: str) -> Words:
    # Only whitespace of ASCII: upstream looks at bytes.
    kind, *command = re.split(r"[\t\n\v\f\r ]+", text, maxsplit=1)
    if not kind:
        return Words(())
    rest = "".join(command)
    words = _json(rest) or _whole(rest)
    return Words((kind, *words.words), words.is_json)


def _pairs(instruction: str, text: str, escape: str) -> Words:
    """Read `name=value name=value`, or the old form `name value`; return names and values in turn."""
    words = _quoted_words(text, escape)
    if not words:
        return Words(())
    if "=" not in words[0]:
        pair = _SEPARATOR.split(text, maxsplit=1)
        if len(pair) < 2:
            raise ArgumentError(f"{instruction} takes a name and a value, got {text!r}; write name=value")
        return Words(tuple(pair))
    found: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ArgumentError(
                f"{instruction} takes name=value, got {word!r}; quote a value that has spaces"
            )
        found += (name, value)
    return Words(tuple(found))


def _quoted_words(text: str, escape: str) -> list[str]:
    """Split at whitespace outside of quotes; quotes and escapes stay in the words."""
    words: list[str] = []
    word: str | None = None
    for match in _tokens(escape).finditer(text):
        token = match[0]
        if match.lastgroup == "space":
            if word is not None:
                words.append(word)
            word = None
        elif match.lastgroup == "open":
            # A quote without end takes the rest; an escape at the very end goes.
            word = (word or "") + (token[:-1] if match["dangling"] else token)
        elif token != escape:
            word = (word or "") + token
    return words if word is None else [*words, word]


@cache
def _tokens(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(
        rf"(?P<space>[{SPACES}]+)"
        rf"|(?P<open>'[^']*\Z|\"(?:{mark}.|[^\"{mark}])*(?P<dangling>{mark})?\Z)"
        rf"|(?P<text>{mark}.|'[^']*'|\"(?:{mark}.|[^\"{mark}])*\"|{mark}|[^{SPACES}'\"{mark}]+)",
        re.DOTALL,
    )


def _json(text: str) -> Words | None:
    """Return the words of a JSON array of strings, or None for what is not a JSON array."""
    if not text.startswith("["):
        return None
    try:
        values = json.loads(text)
    except RecursionError:
        raise ArgumentError("has a JSON array that is nested too deep; use a JSON array of strings") from None
    except ValueError:
        return None
    if not all(isinstance(value, str) for value in values):
        raise ArgumentError(f"takes strings only in a JSON array, got {text!r}; quote each item")
    # Go's strings hold no half of a surrogate pair.
    return Words(tuple(re.sub("[\ud800-\udfff]", "\ufffd", value) for value in values), is_json=True)
