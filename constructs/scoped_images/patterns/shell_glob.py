"""Shell patterns of `*` and `?`, matched in time linear in the text: for `${NAME#pattern}` and `${NAME/pattern/…}`.

BuildKit translates them to Go's regular expressions, which never backtrack; Python's do, and can take hours.
https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/shell/lex.go, convertShellPatternToRegex
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scoped_images.patterns.go_match import BadPatternError

# As in a regular expression, the wildcards stop at the end of a line.
_END_OF_LINE = "\n"


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
        steps = self._steps()
        found = None
        states = 1
        for end in range(start, len(text) + 1):
            if states & accepting:
                found = end
                if not longest:
                    break
            if not states or end == len(text):
                break
            states = steps.after(states, text[end])
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
        start = last = 0
        first = True
        while start <= len(text):
            if not begins[start]:
                start += 1
                continue
            end = self.prefix(text, longest=True, start=start)
            if end is None:  # `begins` and `prefix` agree
                raise AssertionError(self)
            if end > last or first:
                yield start, end
            first = False
            last = end
            start = max(end, start + 1)

    def _begins(self, text: str) -> list[bool]:
        """Return for each position whether a match begins there, by reading backwards once."""
        backwards = self.reversed
        accepting = 1 << len(backwards.tokens)
        steps = backwards._steps()
        states = 1
        found = [bool(states & accepting)]
        for character in reversed(text):
            states = steps.after(states, character) | 1
            found.append(bool(states & accepting))
        return found[::-1]

    def _steps(self) -> _Steps:
        anything = sum(1 << index for index, token in enumerate(self.tokens) if token is None)
        accepted: dict[str, int] = {}
        for index, token in enumerate(self.tokens):
            if token is not None:
                accepted[token] = accepted.get(token, 0) | 1 << index
        return _Steps(accepted, anything, self.stars)


@dataclass(frozen=True)
class _Steps:
    accepted: dict[str, int]
    anything: int
    stars: int

    def after(self, states: int, character: str) -> int:
        """Return the states after one more character."""
        accepting = self.accepted.get(character, 0)
        if character == _END_OF_LINE:
            return (states & accepting) << 1
        return (states & (accepting | self.anything)) << 1 | states & self.stars
