"""Lifecycle rules keep the cache and the moving tag out of reach, and count the rest."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from scoped_images.ecr.lifecycle import ImageLifecycle
from scoped_images.errors import ScopedImagesError


def rules() -> tuple[dict[str, Any], ...]:
    return ImageLifecycle(max_images=7, untagged_days=3).rules()


def test_the_rules_are_spelled_as_ecr_takes_them() -> None:
    def never(pattern: str) -> dict[str, Any]:
        return {
            "description": f"never expire {pattern}",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": [pattern],
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 9999,
            },
            "action": {"type": "expire"},
        }

    first, second, content, pull_requests, caches, untagged = (
        {key: value for key, value in rule.items() if key != "rulePriority"} for rule in rules()
    )
    assert [first, second, caches] == [never("stable"), never("cache-linux-*"), never("cache*")]
    assert [(rule["description"], rule["action"]) for rule in (content, pull_requests, untagged)] == [
        (text, {"type": "expire"})
        for text in (
            "keep the newest 7 images",
            "expire the cache of a pull request after 14 days",
            "expire untagged images after 3 days",
        )
    ]
    assert pull_requests["selection"] == {
        "tagStatus": "tagged",
        "tagPatternList": ["cache-pr-*"],
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 14,
    }


def test_content_tagged_images_are_kept_by_count() -> None:
    selection = rules()[2]["selection"]
    assert selection == {
        "tagStatus": "tagged",
        "tagPatternList": ["sha-*"],
        "countType": "imageCountMoreThan",
        "countNumber": 7,
    }


def test_untagged_images_expire_by_age_and_last() -> None:
    assert rules()[-1]["selection"] == {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 3,
    }


@pytest.mark.parametrize("tag", ["cache-linux-arm64", "cache-main-linux-amd64", "stable"])
def test_a_mutable_tag_meets_a_rule_that_never_fires_first(tag: str) -> None:
    """ECR gives an image to the first rule that matches one of its tags."""
    first = next(
        rule for rule in rules() if any(fnmatchcase(tag, p) for p in rule["selection"]["tagPatternList"])
    )
    assert first["selection"]["countType"] == "sinceImagePushed"
    assert first["selection"]["countNumber"] == 9999


def test_the_cache_of_a_pull_request_expires_before_the_rule_that_keeps_caches() -> None:
    """The other way round that rule would claim it."""
    patterns = [rule["selection"].get("tagPatternList") for rule in rules()]
    assert patterns.index(["cache-pr-*"]) == patterns.index(["cache*"]) - 1
    assert rules()[3]["selection"]["countNumber"] == 14


def test_without_a_count_content_tagged_images_are_claimed_and_kept() -> None:
    """Pruning them is then left to what knows which are in use."""
    selection = ImageLifecycle(max_images=None, untagged_days=3).rules()[2]["selection"]
    assert selection["tagPatternList"] == ["sha-*"]
    assert (selection["countType"], selection["countNumber"]) == ("sinceImagePushed", 9999)


def test_no_rule_names_two_patterns() -> None:
    """Several patterns in one rule mean all of them at once."""
    assert all(len(rule["selection"].get("tagPatternList", ["one"])) == 1 for rule in rules())


def test_priorities_are_distinct_and_rising() -> None:
    assert [rule["rulePriority"] for rule in rules()] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_images": 0, "untagged_days": 1}, "max_images: not a whole number from 1 to 9999, got 0"),
        (
            {"max_images": 1, "untagged_days": -1},
            "untagged_days: not a whole number from 1 to 9999, got -1",
        ),
        (
            {"max_images": None, "untagged_days": 10000},
            "untagged_days: not a whole number from 1 to 9999, got 10000",
        ),
        (
            {"max_images": 2.5, "untagged_days": 1},
            "max_images: not a whole number from 1 to 9999, got 2.5",
        ),
        (
            {"max_images": True, "untagged_days": 1},
            "max_images: not a whole number from 1 to 9999, got True",
        ),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(limits: dict[str, Any], message: str) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        ImageLifecycle(**limits)
    assert str(caught.value) == message


def test_the_largest_limits_are_taken() -> None:
    assert ImageLifecycle(max_images=9999, untagged_days=9999).rules()[-1]["selection"]["countNumber"] == 9999
