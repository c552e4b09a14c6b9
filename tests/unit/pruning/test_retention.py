"""Limits that make no sense are refused, and so is whatever would prune the cache or the moving tag."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scoped_images.ecr.tags import MOVING_PATTERNS
from scoped_images.errors import ScopedImagesError
from scoped_images.pruning.retention import ALWAYS_PROTECTED, Retention, subject_of_tag


@pytest.mark.parametrize("key", ["max_images", "untagged_days", "min_age_days", "rollback_window"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3", None])
def test_a_limit_is_a_whole_number_from_one(key: str, value: Any) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        Retention(**{"max_images": 1, key: value})
    assert str(caught.value) == f"{key} is {value!r}, and takes a whole number from 1"


@pytest.mark.parametrize("pattern", ["*", "c*", "*able", "cache-pr-*", "stable", "s*e"])
def test_a_content_tag_that_could_be_a_cache_or_the_moving_tag_is_refused(pattern: str) -> None:
    with pytest.raises(ScopedImagesError, match="which would prune tags that match"):
        Retention(max_images=1, content_tags=(pattern,))


def test_a_pattern_with_five_wildcards_is_refused() -> None:
    with pytest.raises(ScopedImagesError, match=r"protect holds 'a\*\*\*\*\*' with 5 wildcards"):
        Retention(max_images=1, protect=("a*****",))


def test_a_list_of_patterns_is_refused() -> None:
    with pytest.raises(ScopedImagesError, match=r"protect is \['v1'\], and takes a tuple of tag patterns"):
        Retention(max_images=1, protect=["v1"])  # type: ignore[arg-type]


def test_what_is_mutable_is_always_protected_but_for_the_names_of_commits() -> None:
    assert {*ALWAYS_PROTECTED, "git-*"} == set(MOVING_PATTERNS)
    retention = Retention(max_images=1, protect=("v*",))
    assert [tag for tag in ("cache-pr-1", "stable", "v1", "sha-1") if not retention.protects(tag)] == [
        "sha-1"
    ]


def test_content_tags_are_ours_and_cdks_asset_hashes() -> None:
    retention = Retention(max_images=1)
    tags = ("sha-0123456789ab", "f" * 64, "f" * 63, "v1")
    assert [retention.is_content(tag) for tag in tags] == [True, True, False, False]


def test_survives_json() -> None:
    retention = Retention(max_images=3, protect=("v*", "keep-*"))
    assert Retention.from_json(json.loads(json.dumps(retention.to_json()))) == retention


def test_an_unknown_setting_is_refused_with_those_that_exist() -> None:
    with pytest.raises(
        ScopedImagesError, match="max_image is no setting of a retention; there are: content_"
    ):
        Retention.from_json({"max_image": 3})


def test_attachments_name_their_subject_in_the_tag() -> None:
    assert subject_of_tag(f"sha256-{'a' * 64}.sig") == f"sha256:{'a' * 64}"
    assert subject_of_tag(f"sha256-{'a' * 64}") == f"sha256:{'a' * 64}"
    assert subject_of_tag("sha256-abc.sig") is None
