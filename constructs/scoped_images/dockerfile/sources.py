"""What the instructions of one target read of build contexts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, kw_only=True)
class Source:
    """One path, or pattern, of a build context that an instruction reads.

    path: clean and relative to the context's root; `.` is the whole of it.
    line: of the Dockerfile; 0 for a path that `include` names.
    instruction: `COPY`, `ADD`, `RUN --mount`, `FROM` or `include`, for messages.
    written: as in the Dockerfile.
    wildcards: whether `*`, `?` and `[…]` in the path are wildcards.
    parents: patterns below `path` that `COPY --parents` takes; empty for everything.
    excludes: patterns, relative to what is copied, that `--exclude` leaves out.
    """

    path: str
    line: int
    instruction: str
    written: str
    wildcards: bool = True
    parents: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @classmethod
    def whole(cls, *, line: int, instruction: str, written: str) -> Source:
        """Return the source of an instruction that may read anything."""
        return cls(path=".", line=line, instruction=instruction, written=written, wildcards=False)

    @property
    def is_whole_context(self) -> bool:
        """Whether it takes all that the ignore file leaves, as `COPY . .` does."""
        return self.path == "." and not self.parents

    @property
    def is_filtered_root(self) -> bool:
        """Whether it takes the root, less what its flags leave out."""
        return self.path == "." and bool(self.parents or self.excludes)


@dataclass(frozen=True, kw_only=True)
class ContextSources:
    """All that one target reads.

    dockerfile: its name, for messages.
    sources: of the main build context. named: of each other build context that the target uses, by its name.
    """

    dockerfile: str
    sources: tuple[Source, ...]
    named: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def of_context(self, name: str) -> ContextSources:
        """Return what the target reads of a named build context."""
        return replace(self, sources=self.named[name], named={}, warnings=())

    @property
    def whole_context_lines(self) -> tuple[int, ...]:
        """Lines that take the whole context; an `include` of it is deliberate."""
        return tuple(source.line for source in self.sources if source.is_whole_context and source.line)
