"""How long the pruner keeps images that nothing uses."""

from __future__ import annotations

from dataclasses import dataclass

from scoped_images.ecr.tag_pattern import expect_tag_pattern, matches, overlap
from scoped_images.ecr.tags import CACHE_PATTERN, STABLE, is_asset_hash, is_content_tag, is_git_tag
from scoped_images.errors import ScopedImagesError

# Never pruned, whatever the settings.
ALWAYS_PROTECTED = (CACHE_PATTERN, STABLE)


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What a repository keeps in addition to images in use.

    max_images: number of the newest content-tagged images to keep in each repository.
    untagged_days: keep untagged images for so many days.
    min_age_days: keep any image for so many days after its push, or after its return from the archive.
    rollback_window: number of earlier releases to keep of each workload.
    protect: keep images with a tag that matches one of these patterns, in addition to `cache*` and `stable`.
    content_tags: patterns of further tags that a build makes from content. Only images whose tags all match
        one of these, or are tags of this library or asset hashes of CDK, are ever pruned: a tag that somebody
        made by hand keeps its image.
    archive_days: move unused images to ECR's archive, and delete them after so many days in it. Until then
        `scoped-images prune --undo` restores them. ECR bills at least 90 days of the archive. None deletes
        unused images at once.
    """

    max_images: int
    untagged_days: int = 14
    min_age_days: int = 7
    rollback_window: int = 3
    protect: tuple[str, ...] = ()
    content_tags: tuple[str, ...] = ()
    archive_days: int | None = None

    def __post_init__(self) -> None:
        for key in ("max_images", "untagged_days", "min_age_days", "rollback_window", "archive_days"):
            value = getattr(self, key)
            if key == "archive_days" and value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ScopedImagesError(f"{key}: must be a whole number from 1, got {value!r}")
        for key in ("protect", "content_tags"):
            patterns = getattr(self, key)
            if not isinstance(patterns, tuple):
                raise ScopedImagesError(f"{key}: must be a tuple of tag patterns, got {patterns!r}")
            for pattern in patterns:
                expect_tag_pattern(pattern, name=key)
        for pattern in self.content_tags:
            for protected in ALWAYS_PROTECTED:
                if overlap(pattern, protected):
                    raise ScopedImagesError(
                        f"content_tags: {protected!r} is never pruned, got {pattern!r}, which matches it; use a "
                        "narrower pattern, such as 'build-*'"
                    )

    def protects(self, tag: str) -> bool:
        """Return whether an image with `tag` is never pruned."""
        return any(matches(pattern, tag) for pattern in (*ALWAYS_PROTECTED, *self.protect))

    def is_content(self, tag: str) -> bool:
        """Return whether a build made `tag` from content."""
        return (
            is_content_tag(tag)
            or is_git_tag(tag)
            or is_asset_hash(tag)
            or any(matches(pattern, tag) for pattern in self.content_tags)
        )
