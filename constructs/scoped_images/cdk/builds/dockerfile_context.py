"""The context that holds what a Dockerfile reads, for each platform of an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scoped_images.cdk.arguments import is_token
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.size import MAX_BYTES
from scoped_images.image.build_options import BuildOptions
from scoped_images.platform import Platform


def dockerfile_context(
    root: str | Path,
    dockerfile: str | Path,
    options: BuildOptions,
    *,
    build_args: Mapping[str, str] | None = None,
    build_contexts: Mapping[str, str | Path] | None = None,
    target: str | None = None,
    include: Sequence[str] = (),
    max_bytes: int = MAX_BYTES,
) -> Callable[[Platform], ScopedContext]:
    """Return a function from a platform to the files of `root` that the Dockerfile reads for it.

    options: of the build; their target and their literal build arguments decide too which files it reads.
    The other arguments are those of ScopedContext.from_dockerfile.
    """
    # Each platform reads it.
    included = tuple(include)
    literal = {name: value for name, value in options.build_args.items() if not is_token(value)}
    given = {**literal, **(build_args or {})}

    def context(platform: Platform) -> ScopedContext:
        return ScopedContext.from_dockerfile(
            root,
            dockerfile,
            platform=platform,
            target=options.target if target is None else target,
            build_args=given,
            build_contexts=build_contexts,
            include=included,
            max_bytes=max_bytes,
        )

    return context
