"""Patterns match what BuildKit's own code matches: Go's filepath.Match and moby/patternmatcher."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.go_match import BadPatternError, go_match
from scoped_images.patterns.go_text import SPACES, clean_path
from scoped_images.patterns.ignore_file import IgnoreFile
from scoped_images.patterns.matcher import PatternMatcher, read_pattern
from tests.differential.pattern_oracle import Answer, PatternOracle, build_oracle

# A fresh machine compiles the oracle for a minute.
pytestmark = pytest.mark.nightly
Matched = TypeVar("Matched")
_FUZZ = int(os.environ.get("SCOPED_IMAGES_FUZZ", "0"))
# Go's classes, assertions and quotations, which this library refuses.
_ESCAPED_LETTER = re.compile(r"\\[A-Za-z0-9]")
_settings = settings(max_examples=_FUZZ or 500, deadline=None, derandomize=not _FUZZ)


def words(text: str) -> list[str]:
    return text.split()


# What ignore patterns, filepath.Match and Go's regular expressions know, and what Python's know beside it.
_PIECES = [
    *words(
        r"""
    a b ab c / * ** **/ ? [ ] [ab] [^a] [a-c] [!a] ^ - \ {2} { } {,2} {1,} {0} {01} {2,1} {1001}
    {1000} {3,4} {2}{3} | ( ) (?i) (?P<a> *+ ++ ?? + . $ , : ~ # ! 1 _ A .. [:alpha:] [[:alpha:]]
    [[:^digit:]x] [a&&b] [[a]b] [a--b] \pL \p{Lu} \PN \P{^Nd} \Q \E \b \B \d \D \w \W \s \S \A \z \Z
    \C \n \a \x \x{41} \x61 \141 \0 \1 \12 \8 \u0061 \* \[ \] \\ \{ \-
    """
    ),
    *(" ", "\\N{DIGIT ONE}", "é", "ß", "\ufffd", "\udcff", "\udcc3", "\n"),
]
patterns = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=6).map("".join)
_CHARACTERS = list("abc1_AéßzQx,{}|.$^-\\[]*2( ~\n\ufffd\udcff")
_names = st.lists(st.sampled_from(_CHARACTERS), min_size=1, max_size=5).map("".join)
_COMMON_PATHS = ["a", "b", "a/b", "a/b/c", "b/a", "b/a/c", "c/c", "a/b/a/b"]
paths = st.one_of(
    st.lists(_names, min_size=1, max_size=3).map("/".join),
    st.sampled_from(_COMMON_PATHS),
)
_RULES = words("a b a/b * ** a/* a/** **/b */a **/a/* /a a/ . [ab] a|b* **/c")
rules = st.tuples(st.sampled_from(["", "", "!"]), st.one_of(st.sampled_from(_RULES), patterns)).map("".join)


@pytest.fixture(scope="module")
def oracle() -> Iterator[PatternOracle]:
    """BuildKit's code."""
    oracle = PatternOracle(build_oracle(Path(__file__).parents[2] / ".local/pattern-oracle"))
    yield oracle
    oracle.stop()


def clean(path: str) -> str:
    """Make a path of a context: relative, and without dots."""
    cleaned = clean_path(f"/{path}")[1:]
    assume(cleaned)
    return cleaned


def path_like(pattern: str) -> str:
    """Make a path that a pattern may match."""
    return clean("".join(character for character in pattern if character not in "*?[]\\") or "a")


def attempt(match: Callable[[], Matched]) -> tuple[Matched | None, str]:
    """Return what matches, or why there is no answer."""
    try:
        return match(), ""
    except (BadPatternError, ScopedImagesError) as error:
        return None, f"refused, but Go reads it: {error}"


@_settings
@given(pattern=patterns, path=paths, similar=st.booleans())
def test_a_name_matches_as_with_filepath_match(
    oracle: PatternOracle, pattern: str, path: str, similar: bool
) -> None:
    name = path_like(pattern) if similar else clean(path)
    theirs = oracle.ask("match", [pattern], name)
    ours, refused = attempt(lambda: go_match(pattern, name))
    if refused:
        assert theirs.error, refused
    else:
        assert (theirs.error, theirs.found) == ("", (ours,))


@_settings
@given(pattern=patterns, path=paths, similar=st.booleans())
def test_a_pattern_matches_the_same_paths(
    oracle: PatternOracle, pattern: str, path: str, similar: bool
) -> None:
    assume(pattern.strip(SPACES) and not pattern.strip(SPACES).startswith("!"))
    name = path_like(pattern) if similar else clean(path)
    theirs = oracle.ask("exact", [pattern], name)
    ours, refused = attempt(lambda: PatternMatcher.of([pattern]).match(name)[0])
    if refused:
        assert theirs.error or _ESCAPED_LETTER.search(pattern), refused
    else:
        assert (theirs.error, theirs.found) == ("", (ours,))
        # A walk that asks first loses nothing.
        folder = name.rpartition("/")[0]
        assert not ours or not folder or PatternMatcher.of([pattern]).may_match_below(folder)


@_settings
@given(lines=st.lists(rules, min_size=1, max_size=5), path=paths)
def test_rules_leave_out_the_same_paths(oracle: PatternOracle, lines: list[str], path: str) -> None:
    """By the walk of BuildKit's client, which asks for each folder on the way, and when it opens a file."""
    name, text = clean(path), "\n".join(lines)
    read = oracle.ask("rules", path=text)
    walked, opened = (oracle.ask(question, read.texts, name) for question in ("walk", "open"))
    ours, refused = attempt(lambda: (walk(read.texts, name), IgnoreFile.parse(text).blanks(name)))
    if ours is None:
        assert walked.error or opened.error or _ESCAPED_LETTER.search(text), refused
        return
    ours_walked, blanked = ours
    assert (walked.error, walked.found) == ("", ours_walked)
    if not ours_walked[-1] and not opened.error:
        assert opened.found == (blanked is not None,)
    assert [rule.pattern for rule in IgnoreFile.parse(text).rules] == [
        read_pattern(rule) for rule in read.texts
    ]


def walk(texts: Sequence[str], path: str) -> tuple[bool, ...]:
    """Return whether each folder on the way, and the path, is matched."""
    matcher, above, found = PatternMatcher.of(texts), 0, []
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        matched, above = matcher.match("/".join(parts[:depth]), above)
        found.append(matched)
    return tuple(found)


def test_an_escaped_letter_is_refused_though_go_reads_it(oracle: PatternOracle) -> None:
    """Whoever writes it means a folder, as on Windows, and BuildKit takes nothing of it."""
    assert oracle.ask("exact", [r"src\data"], "src/data") == Answer("", (False,), ())
    with pytest.raises(BadPatternError, match=r"'\\d' is not a character; write / between folders"):
        PatternMatcher.of([r"src\data"]).match("src/data")
