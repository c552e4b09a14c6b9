"""How long images are kept that nothing uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from scoped_images.ecr.tag_pattern import check_pattern, matches, overlap
from scoped_images.errors import ScopedImagesError

# Never pruned, whatever the settings.
ALWAYS_PROTECTED = ("cache*", "stable")

# CDK tags an asset with its hash: 64 digits, which no tag pattern of ECR can tell from other words.
_ASSET_HASH = re.compile(r"[0-9a-f]{64}")

# cosign and the OCI referrers tag schema: `sha256-<digest>` with or without `.sig`, `.att`, `.sbom`.
_ATTACHMENT = re.compile(r"sha256-([0-9a-f]{64})(?:\.\w+)?")


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What a repository keeps beyond what is in use.

    max_images: the newest so many content-tagged images of each repository.
    untagged_days: untagged images that are younger.
    min_age_days: any image that is younger.
    rollback_window: so many earlier releases of each workload.
    protect: images with a tag that matches one of these patterns, beside `cache*` and `stable`.
    content_tags: patterns of the tags that a build makes from content. Only images whose tags are all such
        tags, or CDK's asset hashes, are ever pruned: what somebody named by hand is theirs.
    """

    max_images: int
    untagged_days: int = 14
    min_age_days: int = 7
    rollback_window: int = 3
    protect: tuple[str, ...] = ()
    content_tags: tuple[str, ...] = ("sha-*", "git-*")

    def __post_init__(self) -> None:
        for key in ("max_images", "untagged_days", "min_age_days", "rollback_window"):
            value = getattr(self, key)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ScopedImagesError(f"{key} is {value!r}, and takes a whole number from 1")
        for key in ("protect", "content_tags"):
            patterns = getattr(self, key)
            if not isinstance(patterns, tuple):
                raise ScopedImagesError(f"{key} is {patterns!r}, and takes a tuple of tag patterns")
            for pattern in patterns:
                check_pattern(pattern, name=key)
        for pattern in self.content_tags:
            for protected in ALWAYS_PROTECTED:
                if overlap(pattern, protected):
                    raise ScopedImagesError(
                        f"content_tags holds {pattern!r}, which would prune tags that match {protected!r}, the build "
                        "cache or the moving tag: give a pattern that cannot, such as 'sha-*'"
                    )

    def protects(self, tag: str) -> bool:
        """Whether an image with `tag` is never pruned."""
        return any(matches(pattern, tag) for pattern in (*ALWAYS_PROTECTED, *self.protect))

    def is_content(self, tag: str) -> bool:
        """Whether a build made `tag` from content."""
        return _ASSET_HASH.fullmatch(tag) is not None or any(
            matches(pattern, tag) for pattern in self.content_tags
        )

    @classmethod
    def from_json(cls, settings: Mapping[str, Any]) -> Retention:
        """The inverse of `to_json`; raises ScopedImagesError for a setting that does not exist."""
        known = {field.name for field in fields(cls)}
        for key in settings:
            if key not in known:
                raise ScopedImagesError(
                    f"{key} is no setting of a retention; there are: {', '.join(sorted(known))}"
                )
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()
        }
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }


def subject_of_tag(tag: str) -> str | None:
    """Digest of the image that an attachment tagged `sha256-<hex>.sig` and the like belongs to."""
    match = _ATTACHMENT.fullmatch(tag)
    return f"sha256:{match[1]}" if match else None
