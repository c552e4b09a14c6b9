"""Tags of ours are long enough, and are recognised exactly."""

from __future__ import annotations

import hashlib

import pytest

from scoped_images.ecr.tag_pattern import matches
from scoped_images.ecr.tags import (
    MAIN_CACHE_PATTERN,
    PULL_REQUEST_CACHE_PATTERN,
    cache_tag,
    content_tag,
    expect_moving_tag,
    git_tag,
    is_content_tag,
    is_git_tag,
    late_content_tag,
    short_tag,
    subject_of_tag,
)
from tests.refusals import refused

HEX = hashlib.sha256(b"content").hexdigest()
LATE = late_content_tag(content_tag(HEX), {"QUEUE": "one"})


def test_a_content_tag_has_128_bits_and_the_suffix_of_late_values_64() -> None:
    assert content_tag(HEX) == f"sha-{HEX[:32]}"
    head, _, suffix = LATE.rpartition("-")
    assert (head, len(suffix)) == (content_tag(HEX), 16)


def test_the_suffix_follows_the_values_and_not_their_order() -> None:
    tag = content_tag(HEX)
    assert late_content_tag(tag, {"A": "1", "B": "2"}) == late_content_tag(tag, {"B": "2", "A": "1"})
    assert late_content_tag(tag, {"A": "1"}) != late_content_tag(tag, {"A": "2"})


@pytest.mark.parametrize("tag", [content_tag(HEX), LATE])
def test_our_content_tags_are_recognised(tag: str) -> None:
    assert is_content_tag(tag)
    assert not is_git_tag(tag)


@pytest.mark.parametrize("commit", ["a" * 40, "b" * 64], ids=["SHA-1", "SHA-256"])
def test_our_git_tags_are_recognised(commit: str) -> None:
    assert git_tag(commit) == f"git-{commit[:32]}"
    assert is_git_tag(git_tag(commit))
    assert not is_content_tag(git_tag(commit))


@pytest.mark.parametrize(
    "tag",
    [
        "git-2.45-alpine",
        "git-lfs",
        "git-" + "a" * 12,
        "git-" + "a" * 31,
        "git-" + "a" * 33,
        "sha-for-the-customer",
        "sha-" + "a" * 12,
        "sha-" + "A" * 32,
        "sha-" + "a" * 32 + "-v1",
        "sha-" + "a" * 32 + "\n",
        "my-sha-" + "a" * 32,
        "stable",
        "cache-linux-arm64",
        "",
    ],
)
def test_other_tags_are_not_taken_for_ours(tag: str) -> None:
    assert (is_content_tag(tag), is_git_tag(tag)) == (False, False)


@pytest.mark.parametrize(
    ("branch", "tag", "pattern"),
    [
        (None, "cache-linux-arm64", MAIN_CACHE_PATTERN),
        ("pr-7", "cache-pr-7-linux-arm64", PULL_REQUEST_CACHE_PATTERN),
    ],
)
def test_a_cache_s_tag_falls_under_its_lifecycle_rule(branch: str | None, tag: str, pattern: str) -> None:
    assert cache_tag("linux-arm64", branch) == tag
    assert matches(pattern, tag)


def test_attachments_name_their_subject_in_the_tag() -> None:
    assert subject_of_tag(f"sha256-{'a' * 64}.sig") == f"sha256:{'a' * 64}"
    assert subject_of_tag(f"sha256-{'a' * 64}") == f"sha256:{'a' * 64}"
    assert subject_of_tag("sha256-abc.sig") is None


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        (HEX, "CDK's assets have such tags"),
        (f"sha256-{HEX}", "signatures of images have such tags"),
        (f"sha256-{HEX}.sig", "signatures of images have such tags"),
        ("sha-0123456789ab", "'sha-*' is the library's own"),
        ("git-0123456789ab", "'git-*' is the library's own"),
    ],
)
def test_a_moving_tag_that_the_pruner_would_delete_is_refused(tag: str, reason: str) -> None:
    with refused(f"moving_tag: {reason}, got {tag!r}; use another name, such as 'dev'"):
        expect_moving_tag(tag, name="moving_tag")


@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        (content_tag(HEX), f"sha-{HEX[:12]}…"),
        (LATE, f"sha-{HEX[:12]}…{LATE[-17:]}"),
        (HEX, f"{HEX[:12]}…"),
        (f"sha256-{HEX}.sig", f"sha256-{HEX[:12]}….sig"),
        ("cache-linux-arm64", "cache-linux-arm64"),
        ("v1.2.3", "v1.2.3"),
    ],
)
def test_a_table_shows_a_short_form(tag: str, shown: str) -> None:
    assert short_tag(tag) == shown
