"""What an ECR lifecycle policy would do to a repository, by AWS's documented rules.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scoped_images.ecr.tag_pattern import expect_tag_pattern, matches
from scoped_images.errors import ScopedImagesError

_TAG_STATUSES = ("tagged", "untagged", "any")
_COUNT_TYPES = ("imageCountMoreThan", "sinceImagePushed")


@dataclass(frozen=True, kw_only=True)
class LifecycleImage:
    """What a lifecycle policy sees of an image.

    children: digests that the image references, if it is an index.
    """

    digest: str
    pushed_at: datetime
    tags: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


def evaluate(policy: Mapping[str, Any], images: Iterable[LifecycleImage], *, now: datetime) -> dict[str, int]:
    """The images that `policy` expires, each with the priority of the one rule that does it.

    Every rule looks at all images, also at those that another rule expires; an image belongs to the first
    rule whose tags match it, and no later rule expires it. An image that an index references stays as long
    as the index.

    Raises ScopedImagesError for a policy that ECR would not take.
    """
    images = tuple(images)
    rules = sorted(policy["rules"], key=lambda rule: rule["rulePriority"])
    _check(rules)
    referenced = {digest for image in images for digest in image.children}
    claimed: set[str] = set()
    expired: dict[str, int] = {}
    for rule in rules:
        selection = rule["selection"]
        seen = [image for image in images if _selects(selection, image)]
        for image in _beyond_limit(selection, seen, now):
            if image.digest not in claimed and image.digest not in referenced:
                expired[image.digest] = rule["rulePriority"]
        claimed.update(image.digest for image in seen)
    return expired


def _selects(selection: Mapping[str, Any], image: LifecycleImage) -> bool:
    status = selection["tagStatus"]
    if status == "any":
        return True
    if status == "untagged":
        return not image.tags
    # Several patterns or prefixes mean all of them at once, each met by some tag of the image.
    return all(any(matches(pattern, tag) for tag in image.tags) for pattern in _patterns(selection))


def _patterns(selection: Mapping[str, Any]) -> list[str]:
    return [
        *selection.get("tagPatternList", ()),
        *(f"{prefix}*" for prefix in selection.get("tagPrefixList", ())),
    ]


def _beyond_limit(
    selection: Mapping[str, Any], seen: list[LifecycleImage], now: datetime
) -> list[LifecycleImage]:
    if selection["countType"] == "imageCountMoreThan":
        newest_first = sorted(seen, key=lambda image: image.pushed_at, reverse=True)
        return newest_first[selection["countNumber"] :]
    limit = now - timedelta(days=selection["countNumber"])
    return [image for image in seen if image.pushed_at < limit]


def _check(rules: list[Mapping[str, Any]]) -> None:
    priorities = [rule["rulePriority"] for rule in rules]
    if len(set(priorities)) < len(priorities):
        raise ScopedImagesError(f"rulePriority of the lifecycle rules is {priorities}, and must be distinct")
    statuses = [rule["selection"]["tagStatus"] for rule in rules]
    if "any" in statuses[:-1]:
        raise ScopedImagesError("a lifecycle rule with tagStatus 'any' must have the highest rulePriority")
    if statuses.count("untagged") > 1:
        raise ScopedImagesError("only one lifecycle rule may select untagged images")
    for rule in rules:
        _check_selection(rule["rulePriority"], rule["selection"])


def _check_selection(priority: int, selection: Mapping[str, Any]) -> None:
    name = f"lifecycle rule {priority}"
    for key, takes in (("tagStatus", _TAG_STATUSES), ("countType", _COUNT_TYPES)):
        if selection.get(key) not in takes:
            raise ScopedImagesError(
                f"{name}: {key} is {selection.get(key)!r}, and takes {' or '.join(takes)}"
            )
    if "tagPatternList" in selection and "tagPrefixList" in selection:
        raise ScopedImagesError(f"{name}: give either tagPatternList or tagPrefixList, not both")
    if (selection["tagStatus"] == "tagged") is not bool(_patterns(selection)):
        raise ScopedImagesError(f"{name}: tagPatternList goes with tagStatus 'tagged', and only with it")
    for pattern in selection.get("tagPatternList", ()):
        expect_tag_pattern(pattern, name=f"{name}: tagPatternList")
    count = selection.get("countNumber")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ScopedImagesError(f"{name}: countNumber is {count!r}, and takes a whole number from 1")
