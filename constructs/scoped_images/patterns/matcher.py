"""Ignore patterns with the rules of moby/patternmatcher, which `.dockerignore`, `--exclude` and `--parents` use.

https://github.com/moby/patternmatcher/blob/v0.6.0/patternmatcher.go. Neither Python's `re` nor RE2 matches them here:
docs/decisions/0012-ignore-patterns.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import reduce
from operator import or_

from scoped_images.patterns.automaton import ANYTHING, MAX_INSTRUCTIONS, PathAutomaton, Program, literal
from scoped_images.patterns.go_match import BadPatternError, go_match
from scoped_images.patterns.go_regexp import RegexpError, read_regexp
from scoped_images.patterns.go_text import REPLACEMENT, SPACES, clean_path

MAX_PATTERNS = 10_000
_WILDCARDS = frozenset("*[]?^\\")
# `|`, `{` and `}` are missing on purpose: upstream's table of what to escape has no place for them.
_ESCAPED = frozenset(".+()$")

# The patterns that match a path or a folder above it, as bits.
Matched = int


class _Kind(Enum):
    """How upstream compares a pattern with a path; a leading `**` by itself keeps the rest plain text."""

    EXACT = auto()
    PREFIX = auto()
    SUFFIX = auto()
    REGEXP = auto()


@dataclass(frozen=True)
class Pattern:
    """One cleaned pattern; an exception (`!`) takes back what earlier patterns matched.

    programs: what matches it; empty for an exact path. malformed: why Go cannot compile the pattern; BuildKit says so
    only when it tries the pattern.
    """

    text: str
    exception: bool = False
    programs: tuple[Program, ...] = field(repr=False, default=())
    malformed: str = field(repr=False, default="")

    @property
    def without_trailing_glob(self) -> str:
        """The folder that a pattern such as `a/b/**` names (fsutil patternWithoutTrailingGlob)."""
        return self.text.removesuffix("/**").removesuffix("/*")

    @property
    def is_plain_prefix(self) -> bool:
        """Whether the pattern names a folder without wildcards."""
        return not _WILDCARDS & set(self.without_trailing_glob)


class PatternMatcher:
    """Patterns in their order: the last one that matches a path, or a folder above it, decides."""

    def __init__(self, patterns: tuple[Pattern, ...]) -> None:
        """Take patterns; raises BadPatternError when they are too many or too large together."""
        if len(patterns) > MAX_PATTERNS:
            raise BadPatternError(f"there are {len(patterns)} patterns, and at most {MAX_PATTERNS} are read")
        self.patterns = patterns
        self._plain = sum(1 << index for index, pattern in enumerate(patterns) if not pattern.exception)
        self._malformed = sum(1 << index for index, pattern in enumerate(patterns) if pattern.malformed)
        self._exact: dict[str, int] = {}
        for index, pattern in enumerate(patterns):
            if not pattern.programs and not pattern.malformed:
                self._exact[pattern.text] = self._exact.get(pattern.text, 0) | 1 << index
        programs = [
            (index, program) for index, pattern in enumerate(patterns) for program in pattern.programs
        ]
        if sum(len(program) for _, program in programs) > MAX_INSTRUCTIONS:
            raise BadPatternError(
                f"the {len(patterns)} patterns are too large together: name folders in place of their files"
            )
        self._automaton = PathAutomaton(programs)
        # The last answer: the rules of an ignore file are asked twice about each file.
        self._last: tuple[str, Matched] = ("", self._exact.get("", 0) | self._automaton.matches(""))

    @classmethod
    def of(cls, texts: Iterable[str]) -> PatternMatcher:
        """Read patterns as given to `--exclude`; raises BadPatternError."""
        return cls(tuple(read_pattern(text) for text in texts if text.strip(SPACES)))

    @property
    def has_exceptions(self) -> bool:
        """Whether any pattern is an exception."""
        return any(pattern.exception for pattern in self.patterns)

    def match(self, path: str, above: Matched = 0) -> tuple[bool, Matched]:
        """Match a path, given what its folder matched (MatchesUsingParentResults).

        A pattern that could not change the outcome is not tried, and counts as unmatched for what lies below:
        so does upstream. Raises BadPatternError when a malformed pattern is tried.
        """
        matched, _, results = self._decide(path, above)
        return matched, results

    def deciding(self, path: str, above: Matched = 0) -> int | None:
        """Return the index of the pattern that settles the path's fate, if any matches."""
        return self._decide(path, above)[1]

    def hits(self, path: str) -> Matched:
        """Return every pattern that matches the path itself, whatever its folders match."""
        if self.patterns and self._last[0] != path:
            self._last = (path, self._exact.get(path, 0) | self._automaton.matches(path))
        return self._last[1]

    def may_match_below(self, folder: str) -> bool:
        """Return whether a plain pattern may match something inside a folder that it does not match itself."""
        exact = reduce(or_, (bits for text, bits in self._exact.items() if text.startswith(f"{folder}/")), 0)
        below = exact | self._automaton.may_match_below(folder) | self._malformed
        return below & self._plain != 0

    def _decide(self, path: str, above: Matched) -> tuple[bool, int | None, Matched]:
        matched, by, results = False, None, 0
        candidates = self.hits(path) | above | self._malformed
        while candidates:
            bit = candidates & -candidates
            candidates ^= bit
            exception = not bit & self._plain
            if not bit & above:
                if exception is not matched:
                    continue
                if bit & self._malformed:
                    raise BadPatternError(self.patterns[bit.bit_length() - 1].malformed)
            matched, by, results = not exception, bit.bit_length() - 1, results | bit
        return matched, by, results


def read_pattern(text: str) -> Pattern:
    """Read one pattern; raises BadPatternError."""
    cleaned = clean_path(text.strip(SPACES))
    if cleaned == "!":
        raise BadPatternError("a lone '!' excepts nothing")
    pattern = cleaned.removeprefix("!")
    exception = pattern != cleaned
    go_match(pattern, ".")  # raises BadPatternError, as upstream does
    try:
        return Pattern(pattern, exception, _compile(pattern))
    except RegexpError as error:
        return Pattern(pattern, exception, malformed=f"the pattern {pattern!r} is malformed: {error}")


def _compile(pattern: str) -> tuple[Program, ...]:
    kind, regexp = _translate(pattern)
    match kind:
        case _Kind.EXACT:
            return ()
        case _Kind.PREFIX:
            return ((*literal(pattern[:-2]), *ANYTHING),)
        case _Kind.SUFFIX:
            # `**/a` is the end of a path, or `a` itself.
            whole = (literal(pattern[3:]),) if pattern[2:3] == "/" else ()
            return ((*ANYTHING, *literal(pattern[2:])), *whole)
        case _Kind.REGEXP:
            return tuple(read_regexp(regexp))


def _translate(pattern: str) -> tuple[_Kind, str]:
    """Return how to compare a pattern, and the regular expression that it becomes (upstream's Pattern.compile)."""
    kind = _Kind.EXACT
    out = []
    index = 0
    while index < len(pattern):
        start = index
        character = pattern[index]
        index += 1
        if pattern.startswith("**", start):
            index += 2 if pattern.startswith("/", start + 2) else 1
            if index < len(pattern):
                out.append("(.*/)?")
                kind = _Kind.REGEXP
            elif kind is _Kind.EXACT:
                kind = _Kind.PREFIX
            else:
                out.append(".*")
                kind = _Kind.REGEXP
            if start == 0:
                kind = _Kind.SUFFIX
        elif character in _ESCAPED:
            out.append("\\" + character)
        elif character in "*?[]":
            kind = _Kind.REGEXP
            out.append({"*": "[^/]*", "?": "[^/]"}.get(character, character))
        elif character == "\\":
            kind = _Kind.REGEXP if index < len(pattern) else kind
            out.append(character + pattern[index : index + 1])
            index += 1
        else:
            out.append(character)
    # Go's scanner drops a byte-order mark, and reads bytes that are not UTF-8 as U+FFFD.
    regexp = "".join(out).removeprefix("\ufeff")
    return kind, "".join(REPLACEMENT if "\ud800" <= c <= "\udfff" else c for c in regexp)
