"""Which images of a repository ECR may expire by itself, and which it may never touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scoped_images.errors import ScopedImagesError

CONTENT_TAGS = "sha-*"
MUTABLE_TAGS = ("cache*", "stable")

# The largest count that a lifecycle rule takes: a rule that never fires, yet claims its images.
_NEVER = 9999


@dataclass(frozen=True, kw_only=True)
class ImageLifecycle:
    """Keep the newest `max_images` content-tagged images; expire untagged ones after `untagged_days`.

    ECR gives an image to the first rule whose tags match it, and no later rule may expire it
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html),
    so rules that never fire come first and keep the cache and the moving tag out of reach.
    """

    max_images: int
    untagged_days: int

    def __post_init__(self) -> None:
        for key in ("max_images", "untagged_days"):
            value = getattr(self, key)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _NEVER:
                raise ScopedImagesError(f"{key} is {value!r}, and takes a whole number from 1 to {_NEVER}")

    def rules(self) -> tuple[dict[str, Any], ...]:
        """The rules in order of priority, in the words of ECR's lifecycle policies."""
        protected = tuple(
            _rule(
                f"never expire {pattern}", {"tagStatus": "tagged", "tagPatternList": [pattern]}, count=_NEVER
            )
            for pattern in MUTABLE_TAGS
        )
        newest = _rule(
            f"keep the newest {self.max_images} images",
            {"tagStatus": "tagged", "tagPatternList": [CONTENT_TAGS]},
            count=self.max_images,
        )
        untagged = _rule(
            f"expire untagged images after {self.untagged_days} days",
            {"tagStatus": "untagged"},
            days=self.untagged_days,
        )
        return tuple(
            {"rulePriority": priority, **rule}
            for priority, rule in enumerate((*protected, newest, untagged), start=1)
        )


def _rule(
    description: str, selection: dict[str, Any], *, count: int | None = None, days: int | None = None
) -> dict[str, Any]:
    if days is not None:
        limit: dict[str, Any] = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    else:
        limit = {"countType": "imageCountMoreThan", "countNumber": count}
    return {"description": description, "selection": {**selection, **limit}, "action": {"type": "expire"}}
