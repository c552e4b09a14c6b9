"""Limits that make no sense are refused, and so is whatever would prune the cache or the moving tag."""

from __future__ import annotations

import re
from typing import Any

import pytest

from scoped_images.ecr.tags import MOVING_PATTERNS
from scoped_images.errors import ScopedImagesError
from scoped_images.pruning.retention import ALWAYS_PROTECTED, Retention
from tests.refusals import refused


@pytest.mark.parametrize("key", ["max_images", "untagged_days", "min_age_days", "rollback_window"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3", None])
def test_a_limit_is_a_whole_number_from_one(key: str, value: Any) -> None:
    with refused(f"{key}: must be a whole number from 1, got {value!r}"):
        Retention(**{"max_images": 1, key: value})


@pytest.mark.parametrize("pattern", ["*", "c*", "*able", "cache-pr-*", "stable", "s*e"])
def test_a_content_tag_that_could_be_a_cache_or_the_moving_tag_is_refused(pattern: str) -> None:
    with pytest.raises(
        ScopedImagesError, match=f"is never pruned, got {re.escape(repr(pattern))}, which matches it;"
    ):
        Retention(max_images=1, content_tags=(pattern,))


def test_a_pattern_that_ecr_does_not_take_is_refused() -> None:
    with refused("protect: 5 wildcards, got 'a*****'; use at most 4, ECR's limit"):
        Retention(max_images=1, protect=("a*****",))


def test_a_list_of_patterns_is_refused() -> None:
    with refused("protect: must be a tuple of tag patterns, got ['v1']"):
        Retention(max_images=1, protect=["v1"])  # type: ignore[arg-type]


def test_what_is_mutable_is_always_protected_but_for_the_names_of_commits() -> None:
    assert {*ALWAYS_PROTECTED, "git-*"} == set(MOVING_PATTERNS)
    retention = Retention(max_images=1, protect=("v*",))
    assert [tag for tag in ("cache-pr-1", "stable", "v1", "sha-1") if not retention.protects(tag)] == [
        "sha-1"
    ]


@pytest.mark.parametrize(
    ("tag", "ours"),
    [
        ("sha-0123456789abcdef0123456789abcdef", True),
        ("sha-0123456789abcdef0123456789abcdef-0123456789abcdef", True),
        ("git-0123456789abcdef0123456789abcdef", True),
        ("sha-0123456789ab", False),
        # CDK's asset hash.
        ("f" * 64, True),
        ("f" * 63, False),
        ("git-2.45-alpine", False),
        ("git-lfs", False),
        ("sha-for-the-customer", False),
        ("sha-0123456789abcdef0123456789abcdef0", False),
        ("sha-0123456789ABCDEF0123456789ABCDEF", False),
        ("sha-0123456789abcdef0123456789abcdef\n", False),
        ("my-sha-0123456789abcdef0123456789abcdef", False),
        ("git-0123456789abcdef0123456789abcdef-0123456789abcdef", False),
        ("v1", False),
    ],
)
def test_a_content_tag_is_one_that_this_library_or_cdk_makes(tag: str, ours: bool) -> None:
    assert Retention(max_images=1).is_content(tag) is ours


def test_a_pattern_of_the_user_adds_content_tags() -> None:
    retention = Retention(max_images=1, content_tags=("build-*",))
    assert [tag for tag in ("build-7", "my-build-7", "f" * 64) if retention.is_content(tag)] == [
        "build-7",
        "f" * 64,
    ]
