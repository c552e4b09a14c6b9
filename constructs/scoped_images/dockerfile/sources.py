"""What the instructions of one target read of the main build context."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Source:
    """One path, or pattern, of the build context that an instruction reads.

    path: clean and relative to the context's root; `.` is the whole of it.
    line: of the Dockerfile; 0 for a path that `include` names.
    instruction: `COPY`, `ADD`, `RUN --mount` or `include`, for messages.
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
    named_contexts: which of the given build contexts the target uses.
    """

    dockerfile: str
    sources: tuple[Source, ...]
    named_contexts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def whole_context_lines(self) -> tuple[int, ...]:
        """Lines that take the whole context; an `include` of it is deliberate."""
        return tuple(source.line for source in self.sources if source.is_whole_context and source.line)
