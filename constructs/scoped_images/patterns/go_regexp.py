"""Reads the regular expressions that ignore patterns become, with the rules of Go's regexp package.

https://github.com/golang/go/blob/go1.25.0/src/regexp/syntax/parse.go, as far as it can be reached from a pattern:
there are no groups but `(.*/)?`, and no flags. Python's `re` reads many of them differently (`{,3}`, `\\pL`, `\\Q`,
`[[:alpha:]]`), and takes exponential time for some.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field

from scoped_images.patterns.automaton import (
    ANYTHING,
    Assertion,
    Instruction,
    Program,
    optional,
    star,
)
from scoped_images.patterns.character_set import (
    ANY,
    DIGIT,
    NOT_A_NEWLINE,
    POSIX,
    SPACE,
    WORD,
    Category,
    CharacterSet,
    Range,
)

# How many instructions one pattern may become; `a{1000}` is a thousand.
_MAX_INSTRUCTIONS = 10_000
_MAX_REPEATS = 1000
_ANY_FOLDERS = "(.*/)?"
_REPEATS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_REPETITION = re.compile(r"[*+?]|\{(?P<least>0|[1-9][0-9]*)(?P<comma>,(?P<most>0|[1-9][0-9]*)?)?\}")
_CATEGORY = re.compile(r"\\[pP](?:\{(?P<long>[^}]*)\}|(?P<short>[^{]))", re.DOTALL)
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_HEXADECIMAL = re.compile(r"x(?:\{(?P<any>[0-9A-Fa-f]+)\}|(?P<two>[0-9A-Fa-f]{2}))")
_POSIX_CLASS = re.compile(r"\[:(?P<negated>\^?)(?P<name>.*?):\]", re.DOTALL)
_ASSERTIONS = {
    "^": Assertion.BEGIN,
    "$": Assertion.END,
    r"\A": Assertion.BEGIN,
    r"\z": Assertion.END,
    r"\b": Assertion.WORD_BOUNDARY,
    r"\B": Assertion.NO_WORD_BOUNDARY,
}
_PERL_CLASSES = {
    r"\d": DIGIT,
    r"\D": DIGIT.negate(),
    r"\s": SPACE,
    r"\S": SPACE.negate(),
    r"\w": WORD,
    r"\W": WORD.negate(),
}
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_MINOR_CATEGORIES = {
    "C": "cfnos",
    "L": "lmotu",
    "M": "cen",
    "N": "dlo",
    "P": "cdefios",
    "S": "ckmo",
    "Z": "lps",
}
_CATEGORIES = frozenset(
    major + minor for major, minors in _MINOR_CATEGORIES.items() for minor in ("", *minors)
)


class RegexpError(ValueError):
    """Go would not compile the expression."""


def read_regexp(text: str) -> list[Program]:
    """Return a program for each branch of an expression; a path matches when one of them matches all of it.

    Raises RegexpError.
    """
    return _Reader(text).branches()


@dataclass
class _Item:
    """The last thing read, which a repetition would repeat.

    start: its first instruction. repeats: how often it is repeated already, by all its repetitions together.
    """

    start: int
    repeats: int = 1


@dataclass
class _Reader:
    text: str
    index: int = 0
    program: list[Instruction] = field(default_factory=list)
    _last: _Item | None = None
    _has_repetition: bool = False

    def branches(self) -> list[Program]:
        """Read the whole expression."""
        branches = []
        while self.index < len(self.text):
            if self._take("|"):
                branches.append(self._end_branch())
            else:
                self._read_one()
        branches.append(self._end_branch())
        return branches

    def _end_branch(self) -> Program:
        """Go searches: a branch matches anywhere, unless it says where it begins and ends."""
        program = [*self.program, *ANYTHING]
        if program[0].test is not Assertion.BEGIN:
            program = [*ANYTHING, *program]
        self.program, self._last, self._has_repetition = [], None, False
        return program

    def _read_one(self) -> None:
        if self._repeat():
            return
        self._has_repetition = False
        two = self.text[self.index : self.index + 2]
        if self._take(_ANY_FOLDERS):
            folders = (*star((Instruction(NOT_A_NEWLINE),)), Instruction(CharacterSet.of("/")))
            self._append(optional(folders))
            self._has_repetition = True  # its own `?`
        elif self._take(r"\Q"):
            quoted, end, _ = self.text[self.index :].partition(r"\E")
            self.index += len(quoted) + len(end)
            for character in quoted:
                self._append((Instruction(CharacterSet.of(character)),))
        elif (assertion := _ASSERTIONS.get(two) or _ASSERTIONS.get(two[0])) is not None:
            self.index += len(two) if two in _ASSERTIONS else 1
            self._append((Instruction(assertion),))
        else:
            self._append((Instruction(self._read_set()),))

    def _append(self, program: Program) -> None:
        self._last = _Item(len(self.program))
        self._extend(program)

    def _extend(self, program: Program) -> None:
        if len(self.program) + len(program) > _MAX_INSTRUCTIONS:
            raise RegexpError(f"its repetitions make more than {_MAX_INSTRUCTIONS} steps")
        self.program += program

    def _repeat(self) -> bool:
        """Read a repetition, if there is one."""
        found = _REPETITION.match(self.text, self.index)
        if found is None:
            return False
        written, end = found[0], found.end()
        least, most = _REPEATS.get(written) or _counts(found)
        if self._last is None:
            raise RegexpError(f"there is nothing for {written!r} to repeat")
        if self._has_repetition:
            raise RegexpError(f"{written!r} repeats a repetition")
        if written not in _REPEATS:
            self._count(self._last, written, least, most)
        self.index = end
        if self.text.startswith("?", end):  # as few as possible: it matches the same
            self.index += 1
        self._has_repetition = True
        self._expand(self._last, least, most)
        return True

    def _count(self, item: _Item, written: str, least: int, most: int | None) -> None:
        count = least if most is None else most
        item.repeats *= max(count, 1) if most is None else count
        if max(count, least, item.repeats) > _MAX_REPEATS or count < least:
            raise RegexpError(f"{written!r} repeats more than {_MAX_REPEATS} times, or less than it says")

    def _expand(self, item: _Item, least: int, most: int | None) -> None:
        once: Program = self.program[item.start :]
        del self.program[item.start :]
        for _ in range(least):
            self._extend(once)
        if most is None:
            self._extend(star(once))
        for _ in range((most or 0) - least):
            self._extend(optional(once))

    def _read_set(self) -> CharacterSet:
        if self._take("["):
            return self._read_class()
        if self._take("."):
            return NOT_A_NEWLINE
        return self._named_set() or CharacterSet.of(self._character())

    def _named_set(self) -> CharacterSet | None:
        """Read `\\d` and its like, or `\\pL`, if there is one."""
        two = self.text[self.index : self.index + 2]
        if two in (r"\p", r"\P"):
            return self._read_category()
        if two in _PERL_CLASSES:
            self.index += 2
            return _PERL_CLASSES[two]
        return None

    def _read_category(self) -> CharacterSet:
        found = _CATEGORY.match(self.text, self.index)
        if found is None:
            raise RegexpError(r"\p has no name")
        name = found["short"] if found["long"] is None else found["long"]
        negated = self.text[self.index + 1] == "P"
        if name.startswith("^"):
            name, negated = name[1:], not negated
        if name == "Any":
            parts = ANY
        elif name in _CATEGORIES:
            parts = CharacterSet((Category(name),))
        else:
            # Go also knows scripts, and since 1.25 other spellings.
            raise RegexpError(f"{found[0]!r} is not a general category of Unicode")
        self.index = found.end()
        return parts.negate() if negated else parts

    def _read_class(self) -> CharacterSet:
        negated = self._take("^")
        parts: list[Range | Category | CharacterSet] = []
        first = True
        while first or not self._take("]"):
            first = False
            named = self._posix_class() or self._named_set()
            if named is not None:
                parts.append(named)
                continue
            low = high = self._character()
            if self.text.startswith("-", self.index) and self.text[self.index + 1 : self.index + 2] not in (
                "]",
                "",
            ):
                self.index += 1
                high = self._character()
            if high < low:
                raise RegexpError(f"the range {low}-{high} is the wrong way round")
            parts.append((low, high))
        return CharacterSet(tuple(parts), negated)

    def _posix_class(self) -> CharacterSet | None:
        found = _POSIX_CLASS.match(self.text, self.index)
        if found is None:
            return None
        if found["name"] not in POSIX:
            raise RegexpError(f"{found[0]!r} is not a class")
        self.index = found.end()
        characters = POSIX[found["name"]]
        return characters.negate() if found["negated"] else characters

    def _character(self) -> str:
        if self.index >= len(self.text):
            raise RegexpError("a [class] has no end")
        character = self.text[self.index]
        self.index += 1
        return self._escape() if character == "\\" else character

    def _escape(self) -> str:
        if (octal := _OCTAL.match(self.text, self.index)) is not None:
            self.index = octal.end()
            return chr(int(octal[0], 8))
        if (hexadecimal := _HEXADECIMAL.match(self.text, self.index)) is not None:
            number = int(hexadecimal["any"] or hexadecimal["two"], 16)
            if number <= sys.maxunicode:
                self.index = hexadecimal.end()
                return chr(number)
        escaped = self.text[self.index : self.index + 1]
        self.index += 1
        if escaped in _CONTROLS:
            return _CONTROLS[escaped]
        if not escaped.isascii() or escaped.isalnum() or not escaped:
            raise RegexpError(f"there is no escape '\\{escaped}'")
        return escaped

    def _take(self, text: str) -> bool:
        found = self.text.startswith(text, self.index)
        self.index += len(text) if found else 0
        return found


def _counts(found: re.Match[str]) -> tuple[int, int | None]:
    """Return how often `{2,3}` repeats; a number of more than eight digits is too large in any case."""
    least = int(found["least"][:8])
    if found["comma"] is None:
        return least, least
    return least, int(found["most"][:8]) if found["most"] else None
