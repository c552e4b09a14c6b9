"""Matches many patterns at once against a path, always in time linear in the path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scoped_images.patterns.character_set import ANY, CharacterSet

# What one state may cost to compute: 50,000 instructions take some 15 ms.
MAX_INSTRUCTIONS = 50_000
# Remembered states are forgotten beyond this many positions and transitions, about 100 MB.
_MAX_REMEMBERED = 1_000_000
# Reads no character, and holds where a path begins.
BEGIN = CharacterSet(())


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step of a pattern.

    test: what the next character must be; None goes on at once. A character by itself is compared byte by byte: a byte
        that is not UTF-8 matches only itself.
    next: where it goes on, relative to itself. An instruction that goes nowhere is a match.
    """

    test: CharacterSet | str | None
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
    return tuple(map(Instruction, text))


class _State(dict[str, "_State"]):
    """The instructions that may be next; as a dictionary, the state after each character, made on first use.

    matches: the programs that match a path which ends here, as bits.
    """

    __slots__ = ("_make", "matches", "positions")

    def __init__(
        self, positions: frozenset[int], matches: int, make: Callable[[_State, str], _State]
    ) -> None:
        super().__init__()
        self.positions, self.matches, self._make = positions, matches, make

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
        self._remembered = 0
        self._states: dict[frozenset[int], _State] = {}
        self._folders = {"": self._state(starts, begin=True)}

    def matches(self, path: str) -> int:
        """Return the programs that match the path, as bits."""
        folder, _, name = path.rpartition("/")
        state = self._inside(folder)
        for character in name:
            state = state[character]
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
        accepts: dict[CharacterSet | str, bool] = {}
        following = []
        for position in state.positions:
            test = self._instructions[position].test
            if test is None:
                continue
            if test not in accepts:
                accepts[test] = test == character if isinstance(test, str) else test.accepts(character)
            if accepts[test]:
                following.append(position + 1)
        self._remembered += 1
        return self._state(following)

    def _state(self, pending: list[int], *, begin: bool = False) -> _State:
        """Return the state of some positions and of all that they lead to without reading a character."""
        closed: set[int] = set()
        matching = []
        while pending:
            position = pending.pop()
            if position in closed:
                continue
            closed.add(position)
            instruction = self._instructions[position]
            if instruction is MATCH:
                matching.append(position)
            elif instruction.test is None or (begin and instruction.test is BEGIN):
                pending += (position + offset for offset in instruction.next)
        positions = frozenset(closed)
        state = self._states.get(positions)
        if state is None:
            if self._remembered > _MAX_REMEMBERED:
                self._forget()
            state = self._states[positions] = _State(positions, self._bits(matching), self._step)
            self._remembered += len(positions) + 1
        return state

    def _forget(self) -> None:
        """Drop the states, which may be very many; each is computed again when a path leads to it."""
        for state in self._states.values():
            state.clear()
        self._states.clear()
        self._remembered = 0
