"""The evaluator answers as AWS's own examples do, and guards our own rules.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoped_images.ecr.lifecycle import ImageLifecycle
from scoped_images.errors import ScopedImagesError
from tests.unit.pruning.lifecycle_policy import LifecycleImage, evaluate

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def image(digest: str, *tags: str, days: float, children: tuple[str, ...] = ()) -> LifecycleImage:
    return LifecycleImage(
        digest=digest, tags=tags, pushed_at=NOW - timedelta(days=days, minutes=1), children=children
    )


def rule(priority: int, *patterns: str, status: str = "tagged", **limit: int) -> dict[str, Any]:
    selection: dict[str, Any] = {"tagStatus": status}
    if patterns:
        selection["tagPatternList"] = list(patterns)
    if "days" in limit:
        selection |= {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": limit["days"]}
    else:
        selection |= {"countType": "imageCountMoreThan", "countNumber": limit["count"]}
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


def expired(rules: list[dict[str, Any]], *images: LifecycleImage) -> dict[str, int]:
    return evaluate({"rules": rules}, images, now=NOW)


BETA_AND_PROD = (
    image("A", "beta-1", "prod-1", days=10),
    image("B", "beta-2", "prod-2", days=9),
    image("C", "beta-3", days=8),
)
ALPHA_AND_BETA = (
    image("A", "alpha-1", days=12),
    image("B", "beta-1", days=11),
    image("C", "alpha-2", "beta-2", days=10),
    image("D", "alpha-3", days=4),
    image("E", "beta-3", days=3),
    image("F", "alpha-4", "beta-4", days=2),
)


def test_aws_filtering_on_image_age() -> None:
    rules = [rule(1, "prod*", days=14)]
    assert expired(rules, image("old", "prod-1", days=15), image("new", "prod-2", days=13)) == {"old": 1}


def test_aws_filtering_on_image_count() -> None:
    rules = [rule(1, status="untagged", count=1)]
    images = [image("A", days=3), image("B", days=2), image("C", days=1), image("D", "v1", days=9)]
    assert expired(rules, *images) == {"A": 1, "B": 1}


def test_aws_multiple_rules_example_a() -> None:
    """B is marked by rule 2, but belongs to rule 1, which keeps it."""
    assert expired([rule(1, "prod*", count=1), rule(2, "beta*", count=1)], *BETA_AND_PROD) == {"A": 1}


def test_aws_multiple_rules_example_b() -> None:
    rules = [rule(1, "beta*", count=1), rule(2, "prod*", count=1)]
    assert expired(rules, *BETA_AND_PROD) == {"A": 1, "B": 1}


def test_aws_multiple_tags_example_a() -> None:
    """Only C and F carry both."""
    assert expired([rule(1, "alpha*", "beta*", days=5)], *ALPHA_AND_BETA) == {"C": 1}


def test_aws_multiple_tags_example_b() -> None:
    """Further tags do no harm."""
    images = [
        image("A", "alpha-1", "beta-1", "gamma-1", days=10),
        image("B", "alpha-2", "beta-2", days=9),
        image("C", "alpha-3", "beta-3", "gamma-2", days=8),
    ]
    assert expired([rule(1, "alpha*", "beta*", count=1)], *images) == {"A": 1, "B": 1}


def test_aws_prefixes_are_patterns_that_end_in_a_star() -> None:
    selection = {"tagStatus": "tagged", "tagPrefixList": ["prod"], "countType": "imageCountMoreThan"}
    rules = [{"rulePriority": 1, "selection": {**selection, "countNumber": 1}}]
    assert expired(rules, *BETA_AND_PROD) == {"A": 1}


def test_aws_filtering_on_all_images() -> None:
    rules = [rule(1, status="any", count=1)]
    images = [image("A", "alpha-1", days=4), image("B", "beta-1", days=3), image("C", days=2)]
    assert expired(rules, *images, image("D", "alpha-2", days=1)) == {"A": 1, "B": 1, "C": 1}


def test_aws_all_kinds_of_rules_in_one_policy() -> None:
    """A and C belong to rule 1, B and E to rule 2, which leaves D for rule 3; E is the newest of all."""
    rules = [rule(1, "alpha*", count=1), rule(2, status="untagged", days=1), rule(3, status="any", count=1)]
    images = [
        image("A", "alpha-1", "beta-1", days=4),
        image("B", days=3),
        image("C", "alpha-2", days=2),
        image("D", "git-hash", days=0.9),
        image("E", days=0.5),
    ]
    assert expired(rules, *images) == {"A": 1, "B": 2, "D": 3}


def test_what_an_index_references_stays_as_long_as_the_index() -> None:
    rules = [rule(1, "v*", days=9), rule(2, status="untagged", days=1)]
    images = [image("index", "v1", days=20, children=("child",)), image("child", days=20)]
    assert expired(rules, *images) == {"index": 1}
    assert expired(rules, images[1]) == {"child": 2}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            [rule(1, "a", count=1), rule(1, "b", count=1)],
            r"rulePriority of the lifecycle rules is \[1, 1\], and must be distinct",
        ),
        (
            [rule(1, status="any", count=1), rule(2, "b", count=1)],
            "tagStatus 'any' must have the highest rulePriority",
        ),
        (
            [rule(1, status="untagged", count=1), rule(2, status="untagged", days=1)],
            "only one lifecycle rule may select untagged images",
        ),
        ([rule(1, "*a*b*c*d*", count=1)], r"tagPatternList: 5 wildcards, got .*; use at most 4"),
        ([rule(1, "a", count=0)], "lifecycle rule 1: countNumber is 0, and takes a whole number from 1"),
        ([rule(1, count=1)], "tagPatternList goes with tagStatus 'tagged', and only with it"),
        (
            [rule(1, status="all", count=1)],
            "lifecycle rule 1: tagStatus is 'all', and takes tagged or untagged or any",
        ),
    ],
)
def test_a_policy_that_ecr_would_not_take_is_refused(rules: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ScopedImagesError, match=message):
        expired(rules)


TAGS = st.sampled_from(
    [
        *("stable", "cache", "cache-linux-arm64", "cache-linux-amd64", "cache-main-linux-arm64"),
        *("cache-pr-7-linux-arm64", "sha-0123456789ab", "sha-ba9876543210", "v1"),
    ]
)


@st.composite
def repositories(draw: st.DrawFn) -> list[LifecycleImage]:
    count = draw(st.integers(0, 8))
    images = []
    for number in range(count):
        tags = draw(st.lists(TAGS, unique=True, max_size=4))
        children = draw(st.lists(st.sampled_from([str(n) for n in range(count)]), unique=True, max_size=2))
        index = image(
            str(number),
            *tags,
            # No two at one moment: which of them is older is nowhere written.
            days=draw(st.integers(0, 4000)) + number / 100,
            children=tuple(child for child in children if child != str(number)),
        )
        images.append(index)
    return images


@settings(max_examples=200)
@given(repositories(), st.none() | st.integers(1, 5), st.integers(1, 30))
def test_our_rules_never_touch_a_cache_or_the_moving_tag(
    images: list[LifecycleImage], max_images: int | None, untagged_days: int
) -> None:
    """All they expire: untagged images, caches of pull requests, and, where asked for, beyond the newest N."""
    lifecycle = ImageLifecycle(max_images=max_images, untagged_days=untagged_days)
    gone = evaluate({"rules": lifecycle.rules()}, images, now=NOW)
    referenced = {child for parent in images for child in parent.children}
    by_age = sorted(
        (i for i in images if any(t.startswith("sha-") for t in i.tags)), key=lambda i: i.pushed_at
    )
    newest = {i.digest for i in by_age[-max_images:]} if max_images else {i.digest for i in by_age}
    for one in images:
        kept_tags = [tag for tag in one.tags if tag == "stable" or tag.startswith("cache-linux-")]
        if kept_tags or one.digest in referenced | newest:
            assert one.digest not in gone
        if one.digest in gone and one.tags and not any(tag.startswith("sha-") for tag in one.tags):
            assert any(tag.startswith("cache-pr-") for tag in one.tags)
            assert one.pushed_at < NOW - timedelta(days=14)
        if one.digest in gone and not one.tags:
            assert one.pushed_at < NOW - timedelta(days=untagged_days)


@settings(max_examples=200)
@given(repositories())
def test_without_a_count_our_rules_never_expire_what_a_workload_can_run(images: list[LifecycleImage]) -> None:
    """What runs is content-tagged, or the child of an index that is."""
    gone = evaluate({"rules": ImageLifecycle(max_images=None, untagged_days=1).rules()}, images, now=NOW)
    runnable = {i.digest for i in images if any(tag.startswith("sha-") for tag in i.tags)}
    runnable |= {child for i in images if i.digest in runnable for child in i.children}
    assert not runnable & gone.keys()


def test_a_pull_requests_cache_goes_after_two_weeks() -> None:
    rules = ImageLifecycle(max_images=None, untagged_days=1).rules()
    images = [
        image("old", "cache-pr-1-linux-arm64", days=15),
        image("new", "cache-pr-2-linux-arm64", days=13),
        image("main", "cache-linux-arm64", "cache-pr-3-linux-arm64", days=99),
        image("branch", "cache-main-linux-arm64", days=99),
    ]
    assert evaluate({"rules": rules}, images, now=NOW) == {"old": 4}
