"""Shell patterns of `*` and `?`, matched in time linear in the text: for `${NAME#pattern}` and `${NAME/pattern/…}`.

BuildKit translates them to Go's regular expressions, which never backtrack; Python's do, and can take hours.
https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/shell/lex.go, convertShellPatternToRegex
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from scoped_images.patterns.go_match import BadPatternError


@dataclass(frozen=True)
class ShellGlob:
    """A pattern as a machine whose states are bits: bit `n` is set once the first `n` tokens have matched.

    tokens: a character each, or None for `?`.
    stars: bits of the states before which a `*` stands, which may skip characters.
    """

    tokens: tuple[str | None, ...]
    stars: int

    @classmethod
    def parse(cls, pattern: str) -> ShellGlob:
        """Read a pattern; raises BadPatternError."""
        tokens: list[str | None] = []
        stars = 0
        characters = iter(pattern)
        for character in characters:
            if character == "*":
                stars |= 1 << len(tokens)
            elif character == "?":
                tokens.append(None)
            elif character != "\\":
                tokens.append(character)
            else:
                escaped = next(characters, "")
                # An escaped `}` or `/` is for `${…}`: the escape is not part of the pattern.
                if escaped not in ("*", "?", "\\", "}", "/"):
                    raise BadPatternError(f"the pattern {pattern!r} has an invalid escape")
                tokens.append(escaped)
        return cls(tuple(tokens), stars)

    @property
    def reversed(self) -> ShellGlob:
        """The pattern that matches a text read backwards."""
        count = len(self.tokens)
        stars = sum(1 << (count - state) for state in range(count + 1) if self.stars >> state & 1)
        return ShellGlob(self.tokens[::-1], stars)

    def prefix(self, text: str, *, longest: bool, start: int = 0) -> int | None:
        """Return where the shortest or longest match that begins at `start` ends, or None."""
        accepting = 1 << len(self.tokens)
        found = None
        states = 1
        for end in range(start, len(text) + 1):
            if states & accepting:
                found = end
                if not longest:
                    break
            if not states or end == len(text):
                break
            states = self._after(states, text[end])
        return found

    def suffix(self, text: str, *, longest: bool) -> int | None:
        """Return where the shortest or longest match that ends with the text begins, or None."""
        length = self.reversed.prefix(text[::-1], longest=longest)
        return None if length is None else len(text) - length

    def matches(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the longest matches begin and end, from left to right, as Go's regexp finds them one by one.

        An empty match right behind another one is not a match.
        """
        begins = self._begins(text)
        start, last = 0, -1
        while start <= len(text):
            end = self.prefix(text, longest=True, start=start) if begins[start] else None
            if end is None:
                start += 1
                continue
            if end > last:
                yield start, end
            last = end
            start = max(end, start + 1)

    def _begins(self, text: str) -> list[bool]:
        """Return for each position whether a match begins there, by reading backwards once."""
        backwards = self.reversed
        accepting = 1 << len(backwards.tokens)
        states = 1
        found = [bool(states & accepting)]
        for character in reversed(text):
            states = backwards._after(states, character) | 1
            found.append(bool(states & accepting))
        return found[::-1]

    def _after(self, states: int, character: str) -> int:
        """Return the states after one more character."""
        accepting = self._accepted.get(character, 0)
        # As in a regular expression, the wildcards stop at the end of a line.
        if character == "\n":
            return (states & accepting) << 1
        return (states & (accepting | self._accepted.get(None, 0))) << 1 | states & self.stars

    @cached_property
    def _accepted(self) -> dict[str | None, int]:
        """Bits of the states that go on with a character, or with any for None."""
        accepted: dict[str | None, int] = {}
        for index, token in enumerate(self.tokens):
            accepted[token] = accepted.get(token, 0) | 1 << index
        return accepted
