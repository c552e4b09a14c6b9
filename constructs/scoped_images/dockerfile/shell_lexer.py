"""Reads quotes, escapes and `${…}` as BuildKit's shell lexer does.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/shell/lex.go
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scoped_images.dockerfile.limits import MAX_EXPANSION_STEPS, MAX_NESTING, MAX_VALUE_LENGTH
from scoped_images.dockerfile.variables import Unknown, Value

# A run of characters without meaning of their own: neither special nor the end of a substitution.
_PLAIN = re.compile(r"[^$'\"\\`}/<]+")
_SPECIAL_PARAMETERS = "@*#?-$!"


class ShellError(ValueError):
    """A word is malformed, a `${NAME:?}` in it fails, or it grows too large.

    is_limit: whether BuildKit could read the word, and only a limit of this library stops it.
    """

    def __init__(self, problem: str, *, is_limit: bool = False) -> None:
        super().__init__(problem)
        self.is_limit = is_limit


@dataclass
class Budget:
    """Limits the work for all words of a Dockerfile. max_length: of one expanded word."""

    max_length: int = MAX_VALUE_LENGTH
    steps: int = 0

    def spend(self, steps: int) -> None:
        """Count some steps; raises ShellError when they are too many."""
        self.steps += steps
        if self.steps > MAX_EXPANSION_STEPS:
            raise ShellError(
                "expanding the variables of this Dockerfile takes too long; shorten their values"
            )

    def join(self, parts: Iterable[Value]) -> Value:
        """Return the parts as one word, unknown as soon as one of them is; raises ShellError when it grows too long."""
        known, unknown, length = [], None, 0
        for part in parts:
            if isinstance(part, Unknown):
                unknown = unknown or part
                continue
            length += len(part)
            if length > self.max_length:
                raise ShellError(
                    f"a word grows beyond {self.max_length:,} characters by its variables; shorten their values"
                )
            known.append(part)
        self.spend(length)
        return unknown or "".join(known)


@dataclass
class ShellLexer(ABC):
    """Reads one text.

    quotes: whether quotes mean something, as everywhere but in heredocs. raw_quotes: whether they stay in the word.
    """

    text: str
    budget: Budget
    escape: str = "\\"
    quotes: bool = True
    raw_quotes: bool = False
    index: int = 0
    nesting: int = 0

    @abstractmethod
    def variable(self, name: str, written: str) -> Value:
        """Return what a `$NAME` or `${NAME}` becomes. written: that text."""

    @abstractmethod
    def modified(self, name: str, modifier: str) -> Value:
        """Read the rest of a `${NAME…}` behind its modifier's first character, and return what it becomes."""

    def read(self, *, stop: str, raw_escapes: bool = False) -> Value:
        """Read up to the `stop` character, which is consumed, or to the end; raises ShellError.

        raw_escapes: whether the escape character stays in the word.
        """
        return self.budget.join(self._pieces(stop, raw_escapes=raw_escapes))

    def _pieces(self, stop: str, *, raw_escapes: bool) -> Iterator[Value]:
        while (character := self.peek()) is not None:
            if character == stop:
                self.index += 1
                return
            yield self.piece(character, raw_escapes=raw_escapes)
        if stop:
            raise self.error(f"lacks a {stop!r}")

    def piece(self, character: str, *, raw_escapes: bool) -> Value:
        """Read what starts with this character."""
        if character == "$":
            return self._dollar()
        if character == "'" and self.quotes:
            return self._single_quoted()
        if character == '"' and self.quotes:
            return self.budget.join(self._double_quoted(raw_escapes=raw_escapes))
        start = self.index
        if character == self.escape:
            self.index += 2
            return self.text[start + (not raw_escapes) : self.index]
        plain = _PLAIN.match(self.text, start)
        self.index = plain.end() if plain else start + 1
        return self.text[start : self.index]

    def peek(self) -> str | None:
        """Return the next character, if there is one."""
        return self.text[self.index] if self.index < len(self.text) else None

    def next(self) -> str:
        """Read the next character; an empty string at the end."""
        character = self.peek() or ""
        self.index += 1
        return character

    def error(self, problem: str, *, is_limit: bool = False) -> ShellError:
        """Return an error that shows the text."""
        shown = self.text if len(self.text) <= 80 else f"{self.text[:80]}…"
        return ShellError(f"{shown!r} {problem}", is_limit=is_limit)

    def _single_quoted(self) -> str:
        start, end = self.index, self.text.find("'", self.index + 1)
        if end < 0:
            raise self.error("lacks a closing single quote")
        self.index = end + 1
        return self.text[start : end + 1] if self.raw_quotes else self.text[start + 1 : end]

    def _double_quoted(self, *, raw_escapes: bool) -> Iterator[Value]:
        quote = '"' if self.raw_quotes else ""
        yield quote
        self.index += 1
        while (character := self.peek()) != '"':
            if character is None:
                raise self.error("lacks a closing double quote")
            if character == "$":
                yield self._dollar()
                continue
            self.index += 1
            if character == self.escape:
                if raw_escapes:
                    yield character
                following = self.peek()
                if following is None:
                    continue
                if following in ('"', "$", self.escape):
                    character = following
                    self.index += 1
            yield character
        self.index += 1
        yield quote

    def _dollar(self) -> Value:
        start = self.index
        self.index += 1
        if self.peek() != "{":
            name = self._name()
            return self.variable(name, self.text[start : self.index]) if name else "$"
        self.index += 1
        if self.peek() in (None, "{", "}", ":"):
            raise self.error("has a bad substitution")
        name = self._name()
        modifier = self.next()
        if modifier == "}":
            return self.variable(name, self.text[start : self.index])
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.error(
                f"has more than {MAX_NESTING} substitutions in each other; simplify it", is_limit=True
            )
        value = self.modified(name, modifier)
        self.nesting -= 1
        return value

    def _name(self) -> str:
        """Read the name behind a `$`, an empty string if there is none."""
        start, first = self.index, self.peek() or ""
        if first in _SPECIAL_PARAMETERS:
            self.index += len(first)
            return first
        while (character := self.peek()) is not None and (
            character.isdecimal() or (not first.isdecimal() and (character.isalpha() or character == "_"))
        ):
            self.index += 1
        return self.text[start : self.index]
