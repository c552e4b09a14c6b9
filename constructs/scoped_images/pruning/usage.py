"""Images in use, and earlier releases of what uses them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scoped_images.pruning.image import ImageReference


@dataclass(frozen=True, slots=True)
class Use:
    """A reference to an image by something that runs or may start.

    by: for the report, such as `lambda create_labels:7`.
    """

    reference: ImageReference
    by: str


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a workload. A later release has a higher `order`."""

    workload: str
    order: float
    reference: ImageReference


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Everything that keeps images.

    words: every word of CloudFormation's templates and parameters. Templates join references in many ways, so
        a tag or digest among the words is in use in every repository.
    """

    uses: tuple[Use, ...] = ()
    releases: tuple[Release, ...] = ()
    words: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def merged(cls, parts: Iterable[Usage]) -> Usage:
        """Return all of `parts` as one."""
        parts = tuple(parts)
        return cls(
            uses=tuple(use for part in parts for use in part.uses),
            releases=tuple(release for part in parts for release in part.releases),
            words=frozenset().union(*(part.words for part in parts)),
        )
