"""Ignore patterns with the rules of moby/patternmatcher, which `.dockerignore`, `--exclude` and `--parents` use.

https://github.com/moby/patternmatcher/blob/v0.6.0/patternmatcher.go. The `docker` package's matcher fails the
differential test: it knows no `[^a]`, no `\\*` and no `**a`, and takes exceptions for folders otherwise.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from scoped_images.patterns.go_match import BadPatternError, go_match

# What Go's unicode.IsSpace takes for a space; Python's str.strip takes four control characters more.
GO_SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
_WILDCARDS = frozenset("*[]?^\\")

_NO_REGEX = re.compile("")

# One entry per pattern: whether it matched a directory on the way down.
Matched = tuple[bool, ...]


def clean_path(path: str) -> str:
    """Shorten a path as Go's filepath.Clean does."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


class _Kind(Enum):
    """How upstream compares a pattern with a path; a leading `**` alone keeps the rest plain text."""

    EXACT = auto()
    PREFIX = auto()
    SUFFIX = auto()
    REGEX = auto()


@dataclass(frozen=True)
class Pattern:
    """One cleaned pattern; an exception (`!`) takes back what earlier patterns matched."""

    text: str
    exception: bool = False
    _kind: _Kind = field(init=False, repr=False, compare=False)
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        go_match(self.text, ".")  # for its syntax errors alone, as upstream does
        kind, regex = _compile(self.text)
        object.__setattr__(self, "_kind", kind)
        object.__setattr__(self, "_regex", regex)

    @property
    def without_trailing_glob(self) -> str:
        """The folder that a pattern such as `a/b/**` speaks of (fsutil patternWithoutTrailingGlob)."""
        return self.text.removesuffix("/**").removesuffix("/*")

    @property
    def is_plain_prefix(self) -> bool:
        """Whether the pattern names a folder without wildcards."""
        return not _WILDCARDS & set(self.without_trailing_glob)

    def matches(self, path: str) -> bool:
        """Match one path, not its parents."""
        match self._kind:
            case _Kind.EXACT:
                return path == self.text
            case _Kind.PREFIX:
                return path.startswith(self.text[:-2])
            case _Kind.SUFFIX:
                # `**/a` is the end of a path, or `a` itself.
                return path.endswith(self.text[2:]) or (self.text[2] == "/" and path == self.text[3:])
            case _Kind.REGEX:
                return self._regex.match(path) is not None


@dataclass(frozen=True)
class PatternMatcher:
    """Patterns in their order: the last one that matches a path, or a folder above it, decides."""

    patterns: tuple[Pattern, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> PatternMatcher:
        """Read patterns as given to `--exclude`; raises BadPatternError."""
        return cls(tuple(read_pattern(text) for text in texts if text.strip(GO_SPACES)))

    @property
    def has_exceptions(self) -> bool:
        """Whether any pattern is an exception."""
        return any(pattern.exception for pattern in self.patterns)

    def match(self, path: str, above: Matched = ()) -> tuple[bool, Matched]:
        """Match a path, given what its folder matched (MatchesUsingParentResults).

        A pattern that could not change the outcome is not tried, and counts as unmatched for what lies below:
        that is upstream's rule, too.
        """
        matched, _, results = self._decide(path, above)
        return matched, results

    def deciding(self, path: str, above: Matched = ()) -> int | None:
        """Index of the pattern that settles the path's fate, if any matches."""
        return self._decide(path, above)[1]

    def _decide(self, path: str, above: Matched) -> tuple[bool, int | None, Matched]:
        matched, by = False, None
        results = []
        for index, pattern in enumerate(self.patterns):
            hit = above[index] if above else False
            if not hit and pattern.exception == matched:
                hit = pattern.matches(path)
            results.append(hit)
            if hit:
                matched, by = not pattern.exception, index
        return matched, by, tuple(results)

    def may_match_below(self, folder: str) -> bool:
        """Whether a plain pattern may match something inside a folder that it does not match itself."""
        return any(
            _may_match_below(pattern.text, folder) for pattern in self.patterns if not pattern.exception
        )


def read_pattern(text: str) -> Pattern:
    """Read one pattern; raises BadPatternError."""
    cleaned = clean_path(text.strip(GO_SPACES))
    if cleaned == "!":
        raise BadPatternError("a lone '!' excepts nothing")
    if cleaned.startswith("!"):
        return Pattern(cleaned[1:], exception=True)
    return Pattern(cleaned)


def _may_match_below(pattern: str, folder: str) -> bool:
    parts, names = pattern.split("/"), folder.split("/")
    for part, name in zip(parts, names, strict=False):
        if "**" in part or "[" in part:
            # Both can match across separators.
            return True
        if not go_match(part, name):
            return False
    return len(names) < len(parts)


def _compile(pattern: str) -> tuple[_Kind, re.Pattern[str]]:
    """Translate to a kind of comparison and a regular expression, as Pattern.compile upstream."""
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
                kind = _Kind.REGEX
            elif kind is _Kind.EXACT:
                kind = _Kind.PREFIX
            else:
                out.append(".*")
                kind = _Kind.REGEX
            if start == 0:
                kind = _Kind.SUFFIX
        elif character in ".+()|{}$":
            out.append("\\" + character)
        elif character in "*?[]\\":
            kind = _Kind.REGEX
            if character == "\\":
                character += pattern[index : index + 1]
                index += 1
            out.append({"*": "[^/]*", "?": "[^/]"}.get(character, character))
        else:
            out.append(character)
    if kind is not _Kind.REGEX:
        return kind, _NO_REGEX
    try:
        return kind, re.compile("".join(out) + r"\Z", re.ASCII)
    except re.error as error:
        raise BadPatternError(f"the pattern {pattern!r} is malformed: {error}") from None
