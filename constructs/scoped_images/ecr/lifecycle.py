"""Lifecycle rules: which images ECR may expire by itself, and which never."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scoped_images.ecr.tags import (
    CACHE_PATTERN,
    CONTENT_PATTERN,
    MAIN_CACHE_PATTERN,
    PULL_REQUEST_CACHE_PATTERN,
    STABLE,
)
from scoped_images.errors import ScopedImagesError

STALE_CACHE_DAYS = 14

# 27 years. Such a rule never fires, and still claims its images. A limit by count could be reached one day.
_NEVER = 9999


@dataclass(frozen=True, kw_only=True)
class ImageLifecycle:
    """Expire untagged images after `untagged_days`, a pull request's build cache after 14 days.

    ECR gives an image to the first rule whose tags match it, and no later rule may expire it
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html),
    so rules that never fire come first and protect the moving tag and the main cache.

    max_images: ECR keeps this many of the newest images with a tag that starts with `sha-`, and expires the
        others, in use or not (aws/containers-roadmap#1078). ECR's patterns cannot tell our tags from others
        that start in the same way. None leaves these images to an ImagePruner, which looks at what is in use
        and matches tags exactly.
    """

    max_images: int | None
    untagged_days: int

    def __post_init__(self) -> None:
        for key in ("max_images", "untagged_days"):
            value = getattr(self, key)
            if key == "max_images" and value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _NEVER:
                raise ScopedImagesError(f"{key}: must be a whole number from 1 to {_NEVER}, got {value!r}")

    def rules(self, *, moving_tags: Iterable[str] = ()) -> tuple[dict[str, Any], ...]:
        """Return the rules in order of priority, as ECR's lifecycle policies spell them.

        moving_tags: further tags whose images never expire.
        """
        rules = (
            _never(STABLE),
            *(_never(tag) for tag in moving_tags),
            # A pull request without changes exports main's manifest under a second tag; protect that manifest.
            _never(MAIN_CACHE_PATTERN),
            self._content_tagged(),
            _rule(
                f"expire the cache of a pull request after {STALE_CACHE_DAYS} days",
                {"tagStatus": "tagged", "tagPatternList": [PULL_REQUEST_CACHE_PATTERN]},
                days=STALE_CACHE_DAYS,
            ),
            _never(CACHE_PATTERN),
            _rule(
                f"expire untagged images after {self.untagged_days} days",
                {"tagStatus": "untagged"},
                days=self.untagged_days,
            ),
        )
        return tuple({"rulePriority": priority, **rule} for priority, rule in enumerate(rules, start=1))

    def _content_tagged(self) -> dict[str, Any]:
        if self.max_images is None:
            return _never(CONTENT_PATTERN)
        return _rule(
            f"keep the newest {self.max_images} images",
            {"tagStatus": "tagged", "tagPatternList": [CONTENT_PATTERN]},
            count=self.max_images,
        )


def _never(pattern: str) -> dict[str, Any]:
    return _rule(f"never expire {pattern}", {"tagStatus": "tagged", "tagPatternList": [pattern]}, days=_NEVER)


def _rule(
    description: str, selection: dict[str, Any], *, count: int | None = None, days: int | None = None
) -> dict[str, Any]:
    if days is not None:
        limit: dict[str, Any] = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    else:
        limit = {"countType": "imageCountMoreThan", "countNumber": count}
    return {"description": description, "selection": {**selection, **limit}, "action": {"type": "expire"}}
