"""What ECR would do to a repository by our lifecycle rules, worked out by AWS's documented evaluation.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scoped_images.ecr.lifecycle import ImageLifecycle
from scoped_images.ecr.tag_pattern import matches

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class LifecycleImage:
    """What a lifecycle policy sees of an image. children: digests that the image references, if it is an index."""

    digest: str
    pushed_at: datetime
    tags: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


def expired(rules: Iterable[dict[str, Any]], *images: LifecycleImage) -> dict[str, int]:
    """Return the images that the rules expire, each with the priority of the one rule that does it.

    Every rule looks at all images, also at those that another rule expires. An image belongs to the first rule whose
    tags match it, and no later rule expires it. An image that an index references stays as long as the index.
    It knows what our rules use: one tag pattern or untagged images, an age or a count.
    """
    referenced = {digest for image in images for digest in image.children}
    claimed: set[str] = set()
    found: dict[str, int] = {}
    for rule in rules:
        seen = [image for image in images if _selects(rule["selection"], image)]
        for image in _beyond_limit(rule["selection"], seen):
            if image.digest not in claimed and image.digest not in referenced:
                found[image.digest] = rule["rulePriority"]
        claimed.update(image.digest for image in seen)
    return found


def _selects(selection: dict[str, Any], image: LifecycleImage) -> bool:
    if selection["tagStatus"] == "untagged":
        return not image.tags
    (pattern,) = selection["tagPatternList"]
    return any(matches(pattern, tag) for tag in image.tags)


def _beyond_limit(selection: dict[str, Any], seen: list[LifecycleImage]) -> list[LifecycleImage]:
    if selection["countType"] == "imageCountMoreThan":
        newest_first = sorted(seen, key=lambda image: image.pushed_at, reverse=True)
        return newest_first[selection["countNumber"] :]
    assert selection["countType"] == "sinceImagePushed"
    limit = NOW - timedelta(days=selection["countNumber"])
    return [image for image in seen if image.pushed_at < limit]


def image(digest: str, *tags: str, days: float, children: tuple[str, ...] = ()) -> LifecycleImage:
    pushed_at = NOW - timedelta(days=days, minutes=1)
    return LifecycleImage(digest=digest, tags=tags, pushed_at=pushed_at, children=children)


# AWS's own examples: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html


def rule(priority: int, pattern: str, count: int) -> dict[str, Any]:
    selection = {"tagStatus": "tagged", "tagPatternList": [pattern]}
    return {
        "rulePriority": priority,
        "selection": {**selection, "countType": "imageCountMoreThan", "countNumber": count},
    }


def test_an_image_belongs_to_the_first_rule_that_matches_it() -> None:
    """B is beyond the limit of the second rule; the first one keeps it."""
    images = (
        image("A", "beta-1", "prod-1", days=10),
        image("B", "beta-2", "prod-2", days=9),
        image("C", "beta-3", days=8),
    )
    assert expired([rule(1, "prod*", 1), rule(2, "beta*", 1)], *images) == {"A": 1}
    assert expired([rule(1, "beta*", 1), rule(2, "prod*", 1)], *images) == {"A": 1, "B": 1}


def test_what_an_index_references_stays_as_long_as_the_index() -> None:
    images = [
        image("index", "v1", days=20, children=("child",)),
        image("child", "v2", days=30),
        image("new", "v3", days=1),
    ]
    assert expired([rule(1, "v*", 1)], *images) == {"index": 1}
    assert expired([rule(1, "v*", 1)], *images[1:]) == {"child": 1}


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
    gone = expired(lifecycle.rules(), *images)
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
    gone = expired(ImageLifecycle(max_images=None, untagged_days=1).rules(), *images)
    runnable = {i.digest for i in images if any(tag.startswith("sha-") for tag in i.tags)}
    runnable |= {child for i in images if i.digest in runnable for child in i.children}
    assert not runnable & gone.keys()


def test_a_pull_requests_cache_goes_after_two_weeks() -> None:
    images = [
        image("old", "cache-pr-1-linux-arm64", days=15),
        image("new", "cache-pr-2-linux-arm64", days=13),
        image("main", "cache-linux-arm64", "cache-pr-3-linux-arm64", days=99),
        image("branch", "cache-main-linux-arm64", days=99),
    ]
    assert expired(ImageLifecycle(max_images=None, untagged_days=1).rules(), *images) == {"old": 4}
