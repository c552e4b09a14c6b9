"""Splits the text of one instruction into its name, its flags and its words.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/parser/split_command.go and line_parsers.go. Each kind
of instruction has its own rule for words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache

from scoped_images.patterns.go_text import SPACES

INSTRUCTIONS = (
    *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"),
    *("MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
)
_JSON_FORMS = ("ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME")
# What separates the words of most instructions (upstream's reWhitespace).
_SEPARATOR = re.compile(r"[\t\v\f\r ]+")
# Of the whitespace of unicode.IsSpace, what one byte can be.
_BYTE_SPACES = "\t\n\v\f\r \x85\xa0"


class ArgumentError(ValueError):
    """The arguments of an instruction are malformed."""


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


def read_words(instruction: str, text: str, escape: str) -> tuple[Sequence[str], bool]:
    """Return the words of an instruction, whose name is in capitals, and whether they are a JSON array.

    Raises ArgumentError.
    """
    if instruction == "HEALTHCHECK" and text:
        # Only whitespace of ASCII: upstream looks at bytes.
        kind, *command = re.split(r"[\t\n\v\f\r ]+", text, maxsplit=1)
        words, is_json = read_words("CMD", "".join(command), escape)
        return [kind, *words], is_json
    if instruction in _JSON_FORMS and (values := _json(text)) is not None:
        return values, True
    if instruction in ("ENV", "LABEL"):
        return _pairs(instruction, text, escape), False
    if instruction == "ARG":
        return _quoted_words(text, escape), False
    if instruction in ("ADD", "COPY", "EXPOSE", "FROM", "VOLUME"):
        return _SEPARATOR.split(text) if text else (), False
    # That of an ONBUILD is an instruction of its own, which parse.py reads.
    return (text,) if text else (), False


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


def _pairs(instruction: str, text: str, escape: str) -> list[str]:
    """Read `name=value name=value`, or the old form `name value`; return names and values in turn."""
    words = _quoted_words(text, escape)
    if words and "=" not in words[0]:
        pair = _SEPARATOR.split(text, maxsplit=1)
        if len(pair) < 2:
            raise ArgumentError(f"{instruction} takes a name and a value, got {text!r}; write name=value")
        return pair
    found: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ArgumentError(
                f"{instruction} takes name=value, got {word!r}; quote a value that has spaces"
            )
        found += (name, value)
    return found


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


def _json(text: str) -> list[str] | None:
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
    return [re.sub("[\ud800-\udfff]", "\ufffd", value) for value in values]
