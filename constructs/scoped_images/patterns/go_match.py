"""File name patterns with the rules of Go's filepath.Match, which BuildKit uses for COPY and ADD.

https://github.com/golang/go/blob/go1.25.0/src/path/filepath/match.go. It differs from Python's fnmatch: `*` and `?`
stop at `/`, `\\` escapes, `[!a]` is no negation, and a negated class does match `/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

_STAR = "*"


class BadPatternError(ValueError):
    """The pattern is malformed, as Go's ErrBadPattern."""


@dataclass(frozen=True)
class _Class:
    """One character: any of `ranges`, or none of them."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def accepts(self, character: str) -> bool:
        return any(low <= character <= high for low, high in self.ranges) is not self.negated


# Matches like Go's `?`: every character but the separator.
_ANY = _Class((("/", "/"),), negated=True)
_Token = str | _Class
State = frozenset[int]


@dataclass(frozen=True)
class GoPattern:
    """A pattern as a state machine, so that a walk can tell which folders may still hold a match.

    A state is the set of tokens that may come next; the empty state can match nothing any more.
    """

    tokens: tuple[_Token, ...]

    @classmethod
    def parse(cls, pattern: str) -> GoPattern:
        """Read a pattern; raises BadPatternError."""
        return cls(tuple(_tokens(pattern)))

    @property
    def start(self) -> State:
        """Before the first character."""
        return self._close({0})

    def advance(self, state: State, text: str) -> State:
        """Read some more characters of the name."""
        for character in text:
            following = set()
            for position in state:
                if position == len(self.tokens):
                    continue
                token = self.tokens[position]
                if token == _STAR:
                    if character != "/":
                        following.add(position)
                elif isinstance(token, _Class):
                    if token.accepts(character):
                        following.add(position + 1)
                elif token[-1] == character:
                    following.add(position + 1)
            state = self._close(following)
        return state

    def accepts(self, state: State) -> bool:
        """Whether the whole name has been matched."""
        return len(self.tokens) in state

    def matches(self, name: str) -> bool:
        """Match a whole name."""
        return self.accepts(self.advance(self.start, name))

    def _close(self, positions: set[int]) -> State:
        closed = set(positions)
        for position in positions:
            while position < len(self.tokens) and self.tokens[position] == _STAR:
                position += 1  # noqa: PLW2901 - a star may match nothing
                closed.add(position)
        return frozenset(closed)


@lru_cache(maxsize=1024)
def go_match(pattern: str, name: str) -> bool:
    """Match as filepath.Match does; raises BadPatternError."""
    return GoPattern.parse(pattern).matches(name)


def has_wildcards(pattern: str) -> bool:
    """Tell whether BuildKit takes a source for a pattern (fsutil copy.containsWildcards)."""
    index = 0
    while index < len(pattern):
        if pattern[index] == "\\":
            index += 1
        elif pattern[index] in "*?[":
            return True
        index += 1
    return False


def split_wildcards(path: str) -> tuple[str, str]:
    """Split a clean path before its first component with a wildcard (fsutil copy.splitWildcards)."""
    parts = path.split("/")
    for index, part in enumerate(parts):
        if has_wildcards(part):
            return "/".join(parts[:index]), "/".join(parts[index:])
    return path, ""


def _tokens(pattern: str) -> list[_Token]:
    tokens: list[_Token] = []
    index = 0
    while index < len(pattern):
        character = pattern[index]
        index += 1
        if character == "*":
            tokens.append(_STAR)
        elif character == "?":
            tokens.append(_ANY)
        elif character == "[":
            token, index = _read_class(pattern, index)
            tokens.append(token)
        elif character == "\\":
            if index == len(pattern):
                raise BadPatternError(f"the pattern {pattern!r} ends in a lone backslash")
            # Kept apart from _STAR: only the last character of a literal token is compared.
            tokens.append("\\" + pattern[index])
            index += 1
        else:
            tokens.append(character)
    return tokens


def _read_class(pattern: str, index: int) -> tuple[_Class, int]:
    negated = pattern[index : index + 1] == "^"
    index += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and pattern[index : index + 1] == "]"):
        low, index = _class_character(pattern, index)
        high = low
        if pattern[index] == "-":
            high, index = _class_character(pattern, index + 1)
        ranges.append((low, high))
    return _Class(tuple(ranges), negated), index + 1


def _class_character(pattern: str, index: int) -> tuple[str, int]:
    if pattern[index : index + 1] == "\\":
        index += 1
    elif pattern[index : index + 1] in ("-", "]"):
        raise BadPatternError(f"the pattern {pattern!r} has a malformed [class]")
    if index + 1 >= len(pattern):
        raise BadPatternError(f"the pattern {pattern!r} has a [class] without end")
    return pattern[index], index + 1
