"""File name patterns with the rules of Go's filepath.Match, which BuildKit uses for COPY and ADD.

https://github.com/golang/go/blob/go1.25.0/src/path/filepath/match.go. It differs from Python's fnmatch: `*` and `?`
stop at `/`, `\\` escapes, `[!a]` is not a negation, and a negated class does match `/`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache

from scoped_images.patterns.character_set import NOT_A_SLASH, CharacterSet, Range
from scoped_images.patterns.go_text import REPLACEMENT

# No path of Linux is longer (PATH_MAX).
MAX_PATTERN = 4096
_SLASH = ord("/")
# An escaped wildcard does not count.
_WITH_WILDCARD = re.compile(r"(?:[^\\*?\[]|\\.)*[*?\[]", re.DOTALL)


class BadPatternError(ValueError):
    """The pattern is malformed, as Go's ErrBadPattern, or larger than this library reads."""


@dataclass(frozen=True)
class _Chunk:
    """The part of a pattern up to the next star: bytes, and sets of characters.

    star: whether it follows a star. error: why it is malformed; Go says so only when it gets there.
    """

    star: bool
    tokens: tuple[int | CharacterSet, ...]
    error: str = ""

    def match(self, name: bytes, start: int) -> int | None:
        """Match at `start`, and return where the match ends."""
        if self.error:
            raise BadPatternError(self.error)
        for token in self.tokens:
            if start >= len(name):
                return None
            if isinstance(token, int):
                if name[start] != token:
                    return None
                start += 1
            else:
                character, width = _decode(name, start)
                if not token.accepts(character):
                    return None
                start += width
        return start


@dataclass(frozen=True)
class GoPattern:
    """A pattern, which also says which folders may hold a match."""

    text: str
    _chunks: tuple[_Chunk, ...]

    @classmethod
    def parse(cls, pattern: str) -> GoPattern:
        """Read a pattern; raises BadPatternError."""
        parsed = _read(pattern)
        for chunk in parsed._chunks:
            if chunk.error:
                raise BadPatternError(chunk.error)
        return parsed

    def matches(self, name: str) -> bool:
        """Match a whole name, with one attempt at each place: Go does not return to an earlier star."""
        encoded = os.fsencode(name)
        start = 0
        for index, chunk in enumerate(self._chunks):
            last = index == len(self._chunks) - 1
            if chunk.star and not chunk.tokens and not chunk.error:
                return _SLASH not in encoded[start:]
            while True:
                end = chunk.match(encoded, start)
                if end is not None and not (last and end < len(encoded)):
                    break
                if not chunk.star or start >= len(encoded) or encoded[start] == _SLASH:
                    return False
                start += 1
            start = end
        return start == len(encoded)

    def may_match_below(self, folder: str) -> bool:
        """Return whether something inside the folder may match, or whether that is not easily known."""
        sets = (each for chunk in self._chunks for each in chunk.tokens if isinstance(each, CharacterSet))
        if any(each.accepts("/") for each in sets):
            return True
        patterns, names = self.text.split("/"), folder.split("/")
        try:
            return len(names) < len(patterns) and all(map(go_match, patterns, names))
        except BadPatternError:  # a class has the slash, or a backslash is before it
            return True


def go_match(pattern: str, name: str) -> bool:
    """Match as filepath.Match does; raises BadPatternError."""
    return _read(pattern).matches(name)


@lru_cache(maxsize=1024)
def _read(pattern: str) -> GoPattern:
    """Read a pattern. As in Go, a malformed part raises an error only when a name gets there."""
    if len(pattern) > MAX_PATTERN:
        raise BadPatternError(
            f"the pattern {pattern[:40]!r}… has {len(pattern)} characters, and at most {MAX_PATTERN} are read"
        )
    return GoPattern(pattern, tuple(_chunks(pattern)))


def split_wildcards(path: str) -> tuple[str, str]:
    """Split a clean path before its first component with a wildcard (fsutil copy.splitWildcards)."""
    parts = path.split("/")
    for index, part in enumerate(parts):
        if _WITH_WILDCARD.match(part):
            return "/".join(parts[:index]), "/".join(parts[index:])
    return path, ""


def _chunks(pattern: str) -> list[_Chunk]:
    chunks = []
    index = 0
    while index < len(pattern):
        start = index
        while pattern.startswith("*", index):
            index += 1
        end = _end_of_chunk(pattern, index)
        try:
            chunks.append(_Chunk(index > start, tuple(_tokens(pattern, index, end))))
        except BadPatternError as error:
            chunks.append(_Chunk(index > start, (), str(error)))
        index = end
    return chunks


def _end_of_chunk(pattern: str, index: int) -> int:
    in_class = False
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            index += 1
        elif character in "[]":
            in_class = character == "["
        elif character == "*" and not in_class:
            return index
        index += 1
    return len(pattern)


def _tokens(pattern: str, index: int, end: int) -> list[int | CharacterSet]:
    tokens: list[int | CharacterSet] = []
    while index < end:
        character = pattern[index]
        index += 1
        if character == "?":
            tokens.append(NOT_A_SLASH)
        elif character == "[":
            characters, index = _read_class(pattern, index, end)
            tokens.append(characters)
        elif character == "\\":
            if index == end:
                raise BadPatternError(f"the pattern {pattern!r} ends in a lone backslash")
            tokens += os.fsencode(pattern[index])
            index += 1
        else:
            tokens += os.fsencode(character)
    return tokens


def _read_class(pattern: str, index: int, end: int) -> tuple[CharacterSet, int]:
    negated = pattern.startswith("^", index, end)
    index += negated
    ranges: list[Range] = []
    while not (ranges and pattern.startswith("]", index, end)):
        low, index = _class_character(pattern, index, end)
        high = low
        if pattern[index] == "-":
            high, index = _class_character(pattern, index + 1, end)
        ranges.append((low, high))
    return CharacterSet(tuple(ranges), negated), index + 1


def _class_character(pattern: str, index: int, end: int) -> tuple[str, int]:
    if pattern.startswith("\\", index, end):
        index += 1
    elif pattern.startswith(("-", "]"), index, end):
        raise BadPatternError(f"the pattern {pattern!r} has a malformed [class]")
    if index + 1 >= end:
        raise BadPatternError(f"the pattern {pattern!r} has a [class] without end")
    if "\ud800" <= pattern[index] <= "\udfff":
        raise BadPatternError(f"the pattern {pattern!r} has a [class] that is not UTF-8")
    return pattern[index], index + 1


def _decode(name: bytes, start: int) -> tuple[str, int]:
    """Return the character at a place and its length; a byte that is not UTF-8 counts as one character."""
    if name[start] < 0x80:
        return chr(name[start]), 1
    for width in (2, 3, 4):
        try:
            return name[start : start + width].decode(), width
        except UnicodeDecodeError:
            continue
    return REPLACEMENT, 1
