"""What the instructions of one target read of the main build context."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from scoped_images.dockerfile.parse import ParsedDockerfile
from scoped_images.dockerfile.platform_variables import platform_variables


@dataclass(frozen=True, kw_only=True)
class Source:
    """One path, or pattern, of the build context that an instruction reads.

    path: clean and relative to the context's root; `.` is the whole of it.
    line: of the Dockerfile; 0 for a path that `include` names.
    instruction: `COPY`, `ADD`, `RUN --mount` or `include`, for messages.
    written: as it stands in the Dockerfile.
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
        """Lines that take the whole context; an `include` of it is meant."""
        return tuple(source.line for source in self.sources if source.is_whole_context and source.line)


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """What the build is told beside the Dockerfile.

    target: stage to build; None is the last one.
    build_args: a value of None stands for one that is only known at build time.
    platform: as in `linux/arm64`. build_platform: the builder's own, unknown by default.
    build_contexts: names given with `--build-context`.
    include: paths or patterns to take beside those of the Dockerfile. With any, a source that depends on a
        variable without a value is a warning instead of an error.
    """

    target: str | None
    build_args: Mapping[str, str | None]
    platform: str
    build_platform: str | None = None
    build_contexts: Collection[str] = ()
    include: Sequence[str] = ()


def named_context(image: str, options: BuildOptions) -> str | None:
    """Return the build context that stands in for an image or stage name, if one is given for it."""
    known = {_familiar(name.partition("::")[0]): name for name in options.build_contexts}
    return None if image.lower() in ("scratch", "context") else known.get(_familiar(image))


def _familiar(image: str) -> str:
    """Shorten an image name as BuildKit does before it compares names (dockerui Client.NamedContext)."""
    name = image.lower().removeprefix("docker.io/").removeprefix("library/")
    return name.removesuffix(":latest")


def unknown_value_message(dockerfile: ParsedDockerfile, what: str, variable: str) -> str:
    """Say that something depends on a variable without a value, and what to do."""
    names = [item.name for item in dockerfile.instructions]
    # An ARG before the first FROM is seen by FROM alone.
    first = 0 if what.startswith("FROM") or "FROM" not in names else names.index("FROM")
    declared = any(
        item.name == "ARG" and any(word.partition("=")[0] == variable for word in item.words)
        for item in dockerfile.instructions[first:]
    )
    # BuildKit fills these in where they are declared; those of the builder's own platform are not known here.
    automatic = variable.startswith("TARGET") and variable in platform_variables(platform="linux/amd64")
    give = " and ".join(
        part
        for part, wanted in (
            (f"`ARG {variable}` in that stage", not declared),
            (f"build_args={{{variable!r}: …}}", not automatic),
        )
        if wanted
    )
    return (
        f"{what} depends on ${variable}, which has no value when the app is synthesized; "
        f"give it one with {give}, or name the files with include=[…]"
    )
