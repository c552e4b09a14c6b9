"""What is in use, and what was released before it."""

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
    """One release of a workload; the higher `order`, the later."""

    workload: str
    order: float
    reference: ImageReference


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Everything that keeps images.

    words: what CloudFormation's templates and parameters are made of; a tag or digest among them is in use,
        whatever repository it stands beside, since templates put references together in many ways.
    """

    uses: tuple[Use, ...] = ()
    releases: tuple[Release, ...] = ()
    words: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def merged(cls, parts: Iterable[Usage]) -> Usage:
        """All of `parts` as one."""
        parts = tuple(parts)
        return cls(
            uses=tuple(use for part in parts for use in part.uses),
            releases=tuple(release for part in parts for release in part.releases),
            words=frozenset().union(*(part.words for part in parts)),
        )
