"""Patterns match whole tags, and two of them overlap where some tag matches both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoped_images.ecr.tag_pattern import expect_tag_pattern, matches, overlap
from tests.refusals import refused

PATTERNS = st.text("ab*", min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("pattern", "tag", "expected"),
    [
        ("cache*", "cache", True),
        ("cache*", "my-cache", False),
        ("stable", "stable-1", False),
        ("v*.*", "v1.2", True),
        ("v.1", "vx1", False),
    ],
)
def test_a_star_stands_for_any_characters_and_a_dot_for_itself(
    pattern: str, tag: str, expected: bool
) -> None:
    assert matches(pattern, tag) is expected


@given(PATTERNS, PATTERNS)
def test_overlap_means_that_some_tag_matches_both(one: str, other: str) -> None:
    """Two patterns of up to five characters that share a tag share one of up to ten."""
    assert overlap(one, other) == overlap(other, one)
    tags = [""]
    shared = False
    for _ in range(9):
        shared = shared or any(matches(one, tag) and matches(other, tag) for tag in tags)
        tags = [tag + letter for tag in tags for letter in "ab"]
    assert overlap(one, other) is shared


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a*b*c*d*e*", "protect: 5 wildcards, got 'a*b*c*d*e*'; use at most 4, ECR's limit"),
        (
            "re?",
            "protect: must be a tag pattern, got 're?'; use 1-128 letters, digits, '.', '_', '-' and '*'",
        ),
        (7, "protect: must be a tag pattern, got 7; use 1-128 letters, digits, '.', '_', '-' and '*'"),
    ],
)
def test_a_pattern_that_ecr_would_not_take_is_refused(pattern: object, message: str) -> None:
    with refused(message):
        expect_tag_pattern(pattern, name="protect")


def test_a_pattern_may_have_as_many_wildcards_as_ecr_takes() -> None:
    expect_tag_pattern("a*b*c*d*", name="protect")


def test_a_capital_letter_is_not_a_wildcard() -> None:
    assert not overlap("stable", "stableX")
