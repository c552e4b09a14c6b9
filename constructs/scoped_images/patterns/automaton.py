"""Matches many patterns at once against a path, always in time linear in the path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from scoped_images.patterns.character_set import ANY, WORD, CharacterSet, Literal

# What one state may cost to compute: 50,000 instructions take some 15 ms.
MAX_INSTRUCTIONS = 50_000
# Remembered states are forgotten beyond this many positions and transitions, about 100 MB.
_MAX_REMEMBERED = 1_000_000


class Assertion(Enum):
    """A condition on a place in the path, which reads no character."""

    BEGIN = auto()
    END = auto()
    WORD_BOUNDARY = auto()
    NO_WORD_BOUNDARY = auto()


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step of a pattern.

    test: the character that is read, or the condition that must hold; None goes on at once.
    next: where it goes on, relative to itself. An instruction that goes nowhere is a match.
    """

    test: CharacterSet | Literal | Assertion | None
    next: tuple[int, ...] = (1,)


Program = Sequence[Instruction]
MATCH = Instruction(None, ())


def star(program: Program) -> Program:
    """Repeat a program any number of times."""
    return (Instruction(None, (1, len(program) + 2)), *program, Instruction(None, (-len(program) - 1,)))


def optional(program: Program) -> Program:
    """Run a program, or skip it."""
    return (Instruction(None, (1, len(program) + 1)), *program)


ANYTHING = star((Instruction(ANY),))


def literal(text: str) -> Program:
    """Read this text."""
    return tuple(Instruction(Literal(character)) for character in text)


class _Before(Enum):
    """What has been read last."""

    NOTHING = auto()
    WORD = auto()
    OTHER = auto()


class _State(dict[str, "_State"]):
    """The instructions that may be next; as a dictionary, the state after each character, made on first use."""

    __slots__ = ("_make", "before", "matches", "positions")

    def __init__(
        self, positions: frozenset[int], before: _Before, make: Callable[[_State, str], _State]
    ) -> None:
        super().__init__()
        self.positions, self.before, self._make = positions, before, make
        self.matches: int | None = None

    def __missing__(self, character: str) -> _State:
        following = self[character] = self._make(self, character)
        return following


class PathAutomaton:
    """Several programs in one lazily built deterministic automaton.

    A path's folder is read once: what lies in one folder goes on from there.
    """

    def __init__(self, programs: Iterable[tuple[int, Program]]) -> None:
        """Take programs, each with its own number: bit `n` of an answer is that of program `n`."""
        self._instructions: list[Instruction] = []
        self._owners: list[int] = []
        starts = []
        for number, program in programs:
            starts.append(len(self._instructions))
            self._instructions += (*program, MATCH)
            self._owners += [number] * (len(program) + 1)
        self._asks_for_words = any(
            instruction.test in (Assertion.WORD_BOUNDARY, Assertion.NO_WORD_BOUNDARY)
            for instruction in self._instructions
        )
        self._remembered = 0
        self._states: dict[tuple[frozenset[int], _Before], _State] = {}
        self._start = self._state(frozenset(starts), _Before.NOTHING)
        self._folders = {"": self._start}

    @property
    def size(self) -> int:
        """How many instructions there are."""
        return len(self._instructions)

    def matches(self, path: str) -> int:
        """Return the programs that match the path, as bits."""
        folder, _, name = path.rpartition("/")
        state = self._inside(folder)
        for character in name:
            state = state[character]
        if state.matches is None:
            state.matches = self._bits(
                position
                for position in self._close(state, None)
                if self._instructions[position].next == () and self._instructions[position].test is None
            )
        return state.matches

    def may_match_below(self, folder: str) -> int:
        """Return the programs that may match a path inside the folder, as bits."""
        return self._bits(self._inside(folder).positions)

    def _bits(self, positions: Iterable[int]) -> int:
        bits = 0
        for number in {self._owners[position] for position in positions}:
            bits |= 1 << number
        return bits

    def _inside(self, folder: str) -> _State:
        """Return the state after `folder/`."""
        state = self._folders.get(folder)
        if state is not None:
            return state
        pending = []
        while folder not in self._folders:
            folder, _, name = folder.rpartition("/")
            pending.append(name)
        state = self._folders[folder]
        for name in reversed(pending):
            for character in f"{name}/":
                state = state[character]
            folder = f"{folder}/{name}" if folder else name
            self._folders[folder] = state
        return state

    def _step(self, state: _State, character: str) -> _State:
        before = _Before.OTHER
        if self._asks_for_words and WORD.accepts(character):
            before = _Before.WORD
        accepts: dict[CharacterSet | Literal, bool] = {}
        positions = set()
        for position in self._close(state, character):
            test = self._instructions[position].test
            if isinstance(test, CharacterSet | Literal):
                if test not in accepts:
                    accepts[test] = test.accepts(character)
                if accepts[test]:
                    positions.add(position + 1)
        self._remembered += 1
        return self._state(frozenset(positions), before)

    def _close(self, state: _State, character: str | None) -> set[int]:
        """Follow what reads nothing; `character` is the next one, None at the end of the path."""
        holds = self._conditions(state.before, character)
        closed: set[int] = set()
        pending = list(state.positions)
        while pending:
            position = pending.pop()
            if position in closed:
                continue
            closed.add(position)
            instruction = self._instructions[position]
            if instruction.test is None or (
                isinstance(instruction.test, Assertion) and instruction.test in holds
            ):
                pending += (position + offset for offset in instruction.next)
        return closed

    def _conditions(self, before: _Before, character: str | None) -> set[Assertion]:
        word = character is not None and WORD.accepts(character)
        boundary = word is not (before is _Before.WORD)
        conditions = {Assertion.WORD_BOUNDARY if boundary else Assertion.NO_WORD_BOUNDARY}
        if before is _Before.NOTHING:
            conditions.add(Assertion.BEGIN)
        if character is None:
            conditions.add(Assertion.END)
        return conditions

    def _state(self, positions: frozenset[int], before: _Before) -> _State:
        state = self._states.get((positions, before))
        if state is None:
            if self._remembered > _MAX_REMEMBERED:
                self._forget()
            state = self._states[positions, before] = _State(positions, before, self._step)
            self._remembered += len(positions) + 1
        return state

    def _forget(self) -> None:
        """Drop the states, which may be very many; each is computed again when a path leads to it."""
        for state in self._states.values():
            state.clear()
        self._states.clear()
        self._remembered = 0
