"""Tag patterns of ECR: `*` matches any number of characters, and every other character matches itself."""

from __future__ import annotations

import re
from functools import cache

from scoped_images.errors import ScopedImagesError

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
MAX_WILDCARDS = 4
_PATTERN = re.compile(r"[A-Za-z0-9_.*-]{1,128}")


def expect_tag_pattern(pattern: object, *, name: str) -> str:
    """Return a pattern that ECR takes; raise ScopedImagesError for any other. name: the setting that holds it."""
    if not isinstance(pattern, str) or not _PATTERN.fullmatch(pattern):
        raise ScopedImagesError(
            f"{name}: must be a tag pattern, got {pattern!r}; use 1-128 letters, digits, '.', '_', '-' and '*'"
        )
    if pattern.count("*") > MAX_WILDCARDS:
        raise ScopedImagesError(
            f"{name}: {pattern.count('*')} wildcards, got {pattern!r}; use at most {MAX_WILDCARDS}, ECR's limit"
        )
    return pattern


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")))


def matches(pattern: str, tag: str) -> bool:
    """Return whether the whole `tag` matches `pattern`."""
    return _compiled(pattern).fullmatch(tag) is not None


def overlap(one: str, other: str) -> bool:
    """Return whether some tag matches both patterns."""
    if not one or not other:
        return not (one or other).strip("*")
    if one[0] == "*":
        return overlap(one[1:], other) or overlap(one, other[1:])
    if other[0] == "*":
        return overlap(other, one)
    return one[0] == other[0] and overlap(one[1:], other[1:])
