"""Reads the regular expressions that ignore patterns become, with the rules of Go's regexp package.

https://github.com/golang/go/blob/go1.25.0/src/regexp/syntax/parse.go, as far as it can be reached from a pattern:
there are no groups but `(.*/)?`, no repetitions but `*` and `{2,3}`, and no flags. Python's `re` reads some differently
(`{,3}`, `[[:alpha:]]`), and takes exponential time for others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scoped_images.patterns.automaton import (
    ANYTHING,
    BEGIN,
    Instruction,
    Program,
    optional,
    star,
)
from scoped_images.patterns.character_set import NOT_A_NEWLINE, POSIX, CharacterSet, Range

# How many instructions one pattern may become; `a{1000}` is a thousand.
_MAX_INSTRUCTIONS = 10_000
_MAX_REPEATS = 1000
_ANY_FOLDERS = "(.*/)?"
_REPETITION = re.compile(r"\*|\{(?P<least>0|[1-9][0-9]*)(?P<comma>,(?P<most>0|[1-9][0-9]*)?)?\}")
_POSIX_CLASS = re.compile(r"\[:(?P<negated>\^?)(?P<name>.*?):\]", re.DOTALL)


class RegexpError(ValueError):
    """Go would not compile the expression, or reads more in it than this library does."""


def read_regexp(text: str) -> list[Program]:
    """Return a program for each branch of `^<text>$`; a path matches when one of them matches all of it.

    Raises RegexpError.
    """
    return _Reader(f"^{text}$").branches()


@dataclass
class _Reader:
    """Reads one expression.

    last: where in the program the last thing begins, which a repetition would repeat.
    """

    text: str
    index: int = 0
    program: list[Instruction] = field(default_factory=list)
    last: int | None = None
    is_repeated: bool = False

    def branches(self) -> list[Program]:
        """Read the whole expression. Go searches: a branch matches anywhere, unless it begins or ends the expression."""
        branches = []
        while self.index < len(self.text):
            if self._take("|"):
                branches.append([*self._end_branch(), *ANYTHING])
            elif self.text[self.index :] == "$":
                return [*branches, self._end_branch()]
            else:
                self._read_one()
        # A backslash at the end of a pattern has escaped the `$`.
        return [*branches, [*self._end_branch(), *ANYTHING]]

    def _end_branch(self) -> Program:
        program = self.program
        self.program, self.last, self.is_repeated = [], None, False
        return program if program and program[0].test is BEGIN else [*ANYTHING, *program]

    def _read_one(self) -> None:
        if self._take(_ANY_FOLDERS):
            self.last, self.is_repeated = len(self.program), True
            self._extend(optional((*star((Instruction(NOT_A_NEWLINE),)), Instruction("/"))))
        elif found := _REPETITION.match(self.text, self.index):
            self.index = found.end()
            self._repeat(found)
        else:
            self.last, self.is_repeated = len(self.program), False
            self._extend((Instruction(BEGIN if self._take("^") else self._read_set()),))

    def _extend(self, program: Program) -> None:
        if len(self.program) + len(program) > _MAX_INSTRUCTIONS:
            raise RegexpError(f"its repetitions make more than {_MAX_INSTRUCTIONS} steps")
        self.program += program

    def _repeat(self, found: re.Match[str]) -> None:
        written = found[0]
        if self.last is None:
            raise RegexpError(f"there is nothing for {written!r} to repeat")
        if self.is_repeated:
            raise RegexpError(f"{written!r} repeats a repetition")
        self.is_repeated = True
        least = int(found["least"] or 0)
        most: int | None = least
        if written == "*" or found["comma"]:
            most = int(found["most"]) if found["most"] else None
        if max(least, most or 0) > _MAX_REPEATS or (most is not None and most < least):
            raise RegexpError(f"{written!r} repeats more than {_MAX_REPEATS} times, or less than it says")
        once: Program = self.program[self.last :]
        del self.program[self.last :]
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
        character = self._character()
        return CharacterSet(((character, character),))

    def _read_class(self) -> CharacterSet:
        negated = self._take("^")
        parts: list[Range | CharacterSet] = []
        while not parts or not self._take("]"):
            if (named := self._posix_class()) is not None:
                parts.append(named)
                continue
            low = high = self._character()
            if re.match(r"-[^\]]", self.text[self.index : self.index + 2], re.DOTALL):
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
        return CharacterSet((POSIX[found["name"]],), bool(found["negated"]))

    def _character(self) -> str:
        escaped = self._take("\\")
        if self.index >= len(self.text):
            raise RegexpError("a [class] has no end")
        character = self.text[self.index]
        self.index += 1
        if escaped and (not character.isascii() or character.isalnum()):
            # Some are sets of characters to Go, such as `\d`; a path of Windows is what people mean.
            raise RegexpError(f"'\\{character}' is not a character; write / between folders")
        return character

    def _take(self, text: str) -> bool:
        found = self.text.startswith(text, self.index)
        self.index += len(text) if found else 0
        return found
