"""What one target, or every stage, of a Dockerfile reads from outside of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from scoped_images.dockerfile.sources import Source
from scoped_images.dockerfile.stages import Stage


@dataclass(frozen=True, kw_only=True)
class RequiredMount:
    """A `RUN --mount` without which the build fails.

    kind: `secret` or `ssh`. id: of the secret, or of the ssh agent.
    """

    kind: str
    id: str
    line: int


@dataclass
class Findings:
    """All that was found, in the order in which the stages are built.

    unknown_sources: a message for each source that depends on a variable without a value.
    unknown_bases: the stages whose FROM does.
    images: those that are not stages, in the form that BuildKit looks build contexts up by, each with its line.
    contexts: the names of the build contexts that take the place of a stage or an image.
    """

    sources: list[Source] = field(default_factory=list)
    unknown_sources: list[str] = field(default_factory=list)
    unknown_bases: list[Stage] = field(default_factory=list)
    named_sources: dict[str, list[Source]] = field(default_factory=dict)
    images: list[tuple[int, str]] = field(default_factory=list)
    contexts: set[str] = field(default_factory=set)
    required_mounts: list[RequiredMount] = field(default_factory=list)
    stage_names: frozenset[str] = frozenset()
