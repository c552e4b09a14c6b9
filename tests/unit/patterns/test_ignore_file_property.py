"""What an ignore file remembers between paths changes no answer: each is that of the rules tried one by one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from scoped_images.patterns.ignore_file import IgnoreFile, IgnoreRule
from scoped_images.patterns.matcher import Pattern, PatternMatcher

NAMES = st.sampled_from(["a", "b", "ab", "b.a"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PARTS = st.sampled_from(["a", "b", "ab", "*", "**", "?", "*b", "a*", "[^a]", "*.a", "b.a"])
RULES = st.lists(
    st.builds("{}{}".format, st.sampled_from(["", "", "!"]), st.lists(PARTS, min_size=1, max_size=3).map("/".join)),
    max_size=6,
)  # fmt: skip


def matches(pattern: Pattern, path: str) -> bool:
    """Whether a pattern matches a path, by a matcher that has seen no other pattern and no other path."""
    return PatternMatcher((pattern,)).hits(path) != 0


def folders_above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def excludes(ignore: IgnoreFile, path: str) -> bool:
    """MatchesUsingParentResults of moby/patternmatcher, from folder to folder as fsutil walks."""
    above = [False] * len(ignore.rules)
    left_out = False
    for each in (*folders_above(path), path):
        left_out, here = False, [False] * len(ignore.rules)
        for index, rule in enumerate(ignore.rules):
            match = above[index]
            if not match:
                if rule.pattern.exception != left_out:
                    continue
                match = matches(rule.pattern, each)
            here[index] = match
            if match:
                left_out = not rule.pattern.exception
        if each != path and left_out and not ignore.may_include_below(each):
            return True
        above = here
    return left_out


def blanks(ignore: IgnoreFile, path: str) -> IgnoreRule | None:
    """The rule by which MatchesOrParentMatches leaves out a file that is sent; None before any exception."""
    last = None
    for rule in ignore.rules:
        if rule.pattern.exception == (last is not None) and any(
            matches(rule.pattern, each) for each in (*folders_above(path), path)
        ):
            last = None if rule.pattern.exception else rule
    return last


@given(RULES, st.lists(PATHS, min_size=1, max_size=8))
def test_one_ignore_file_asked_about_many_paths_answers_as_its_rules_one_by_one(
    rules: list[str], paths: list[str]
) -> None:
    check(rules, paths)


def test_every_choice_of_three_rules_is_answered_so() -> None:
    """All of three rules: a folder named twice with an exception in between is where BuildKit's two ways differ."""
    rules = ["a", "!a/b", "a/b", "!a", "*", "!b", "!**/b"]
    for chosen in itertools.product(rules, repeat=3):
        check(chosen, ["a/b", "a", "a/c", "b", "b/a", "a/b"])


def check(rules: Sequence[str], paths: Sequence[str]) -> None:
    ignore = IgnoreFile.parse("\n".join(rules))
    for path in paths:
        left_out = excludes(ignore, path)
        assert ignore.excludes(path) is left_out, path
        # Asked about files that are sent only.
        if not left_out:
            assert ignore.blanks(path) == blanks(ignore, path), path
