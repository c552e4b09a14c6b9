"""Patterns with the rules of Go's filepath.Match."""

from __future__ import annotations

import pytest

from scoped_images.patterns.go_match import (
    BadPatternError,
    GoPattern,
    go_match,
    split_wildcards,
)

# Taken from what https://pkg.go.dev/path/filepath#Match promises and Go's own match_test.go checks.
MATCHES = [
    ("a name matches itself", "abc", "abc", True),
    ("a star also matches nothing", "a*", "a", True),
    ("a star matches the rest of a name", "a*", "abc", True),
    ("a star stops at a slash", "a*", "ab/c", False),
    ("two stars are one star", "**/c", "a/b/c", False),
    ("two stars match one folder", "**/c", "a/c", True),
    ("several stars go on from each other", "a*b?c*x", "abxbbxdbxebxczzx", True),
    ("a question mark needs a character", "a?b", "ab", False),
    ("a question mark is not a slash", "a?b", "a/b", False),
    ("a class takes one of its characters", "ab[c]", "abc", True),
    ("a class takes a range", "ab[b-d]", "abc", True),
    ("a class takes what it does not negate", "ab[^b-d]", "abe", True),
    ("a negated class matches a slash", "a[^c]b", "a/b", True),
    ("an exclamation mark negates nothing", "a[!a]", "a!", True),
    ("a class may hold an escaped bracket", "[\\]a]", "]", True),
    ("a range from high to low is empty", "a[z-a]", "am", False),
    ("a backslash escapes a star", "a\\*b", "axb", False),
    ("an escaped star is a star", "a\\*b", "a*b", True),
    ("a question mark takes one letter of any alphabet", "a?c", "aéc", True),
    ("a star also tries the bytes of a letter", "*[^é]", "é", True),
    ("an earlier star does not try again", "*[^b]*c", "a/xc", False),
]


@pytest.mark.parametrize(
    ("pattern", "name", "expected"), [m[1:] for m in MATCHES], ids=[m[0] for m in MATCHES]
)
def test_go_match(pattern: str, name: str, expected: bool) -> None:
    assert go_match(pattern, name) is expected


@pytest.mark.parametrize(
    "pattern", ["[]a]", "[-]", "[x-]", "[-x]", "[", "[^", "[^bc", "a[", "a\\", "[a-b-c]"]
)
def test_a_malformed_pattern_is_an_error_that_shows_it(pattern: str) -> None:
    with pytest.raises(BadPatternError, match="the pattern"):
        go_match(pattern, "a")


def test_what_is_malformed_counts_only_when_a_name_gets_there() -> None:
    assert not go_match("a*[", "b")
    with pytest.raises(BadPatternError, match=r"the pattern 'a\*\[' has a \[class\] without end"):
        go_match("a*[", "a")


def test_many_stars_against_a_long_name_end_at_once() -> None:
    """A matcher that goes back and tries again takes longer than the universe has existed."""
    assert not go_match("*a" * 200 + "b", "a" * 4000)
    assert not GoPattern.parse("*a" * 200 + "b/c").may_match_below("a" * 255)


def test_a_walk_can_skip_folders_without_a_match() -> None:
    pattern = GoPattern.parse("src/*/a*")
    assert pattern.may_match_below("src")
    assert pattern.may_match_below("src/b")
    assert not pattern.may_match_below("lib")
    assert not pattern.may_match_below("src/b/a")
    assert not GoPattern.parse("requirements.tx[t]").may_match_below("src")
    for unclear in ("a[^b]c", "[^/]/b", "a\\/b"):
        assert GoPattern.parse(unclear).may_match_below("a")


def test_a_path_is_split_before_its_first_wildcard() -> None:
    assert split_wildcards("a/b*/c") == ("a", "b*/c")
    assert split_wildcards("*.py") == ("", "*.py")
    assert split_wildcards("a\\*b/a\\*[b]") == ("a\\*b", "a\\*[b]")
    assert split_wildcards("a/b") == ("a/b", "")
