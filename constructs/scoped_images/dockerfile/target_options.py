"""The options of a build that decide what its target reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from scoped_images.ecr.image_name import ImageName
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform

# BuildKit never takes these names for build contexts.
_NEVER_CONTEXTS = ("context", "scratch")


@dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """What a build gets in addition to its Dockerfile.

    target: stage to build; None is the last one.
    build_args: None for a value that is only known at build time.
    build_contexts: names given with `--build-context`.
    include: paths or patterns to take in addition to those of the Dockerfile. With any, a source that depends on a
        variable without a value is a warning instead of an error.
    """

    target: str | None = None
    build_args: Mapping[str, str | None] = field(default_factory=dict)
    platform: Platform = Platform.LINUX_AMD64
    build_contexts: Collection[str] = ()
    include: Sequence[str] = ()

    def __post_init__(self) -> None:
        _ = self._contexts

    def context_for(self, image: str) -> str | None:
        """Return the build context that takes the place of an image or stage, or None.

        Raises ScopedImagesError for what cannot be the name of an image, as BuildKit does, also for stages.
        """
        if image.lower() in _NEVER_CONTEXTS:
            return None
        return self._contexts.get(ImageName.parse(image).familiar)

    @cached_property
    def _contexts(self) -> dict[str, str]:
        """The given names, by the form that BuildKit compares: `docker.io/library/alpine:latest` is `alpine`.

        dockerui's Client.NamedContext and buildx's ParseContextNames; `::<platform>` may follow a name.
        """
        contexts: dict[str, str] = {}
        for name in self.build_contexts:
            try:
                contexts[ImageName.parse(name.partition("::")[0]).familiar] = name
            except ScopedImagesError:
                raise ScopedImagesError(
                    f"build_contexts: invalid name, got {name!r}; use the name of a stage or an image, in lower case"
                ) from None
        return contexts


DEFAULT_OPTIONS = TargetOptions()
