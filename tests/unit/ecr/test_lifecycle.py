"""Lifecycle rules keep the cache and the moving tag out of reach, and count the rest."""

from __future__ import annotations

from typing import Any

import pytest

from scoped_images.ecr.lifecycle import ImageLifecycle
from tests.refusals import refused


def rules() -> tuple[dict[str, Any], ...]:
    return ImageLifecycle(max_images=7, untagged_days=3).rules()


NEVER = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": 9999}
# (description, selection), in the order of priority
RULES: list[tuple[str, dict[str, Any]]] = [
    ("never expire stable", {"tagStatus": "tagged", "tagPatternList": ["stable"], **NEVER}),
    ("never expire cache-linux-*", {"tagStatus": "tagged", "tagPatternList": ["cache-linux-*"], **NEVER}),
    (
        "keep the newest 7 images",
        {
            "tagStatus": "tagged",
            "tagPatternList": ["sha-*"],
            "countType": "imageCountMoreThan",
            "countNumber": 7,
        },
    ),
    # Before the rule that keeps caches, which would claim them.
    (
        "expire the cache of a pull request after 14 days",
        {"tagStatus": "tagged", "tagPatternList": ["cache-pr-*"], **NEVER, "countNumber": 14},
    ),
    ("never expire cache*", {"tagStatus": "tagged", "tagPatternList": ["cache*"], **NEVER}),
    ("expire untagged images after 3 days", {"tagStatus": "untagged", **NEVER, "countNumber": 3}),
]


def test_the_rules_are_spelled_as_ecr_takes_them() -> None:
    """Each names one pattern: several in one rule mean all of them at once."""
    assert list(rules()) == [
        {
            "rulePriority": priority,
            "description": description,
            "selection": selection,
            "action": {"type": "expire"},
        }
        for priority, (description, selection) in enumerate(RULES, start=1)
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("max_images", 0), ("max_images", 2.5), ("max_images", True)),
        *(("untagged_days", -1), ("untagged_days", 10000)),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(key: str, value: Any) -> None:
    with refused(f"{key}: must be a whole number from 1 to 9999, got {value!r}"):
        ImageLifecycle(**{"max_images": None, "untagged_days": 1, key: value})


def test_the_largest_limits_are_taken() -> None:
    assert ImageLifecycle(max_images=9999, untagged_days=9999).rules()[-1]["selection"]["countNumber"] == 9999
