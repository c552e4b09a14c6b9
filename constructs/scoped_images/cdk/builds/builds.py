"""Turns the arguments of an image construct into one checked build for each platform."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from constructs import Construct

from scoped_images.cdk.annotations import annotate_info, annotate_warning
from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.arguments import is_token
from scoped_images.cdk.builds.builder import ImageBuild, ImageBuilder, PublishedBase
from scoped_images.cdk.builds.cache_export import exports_cache
from scoped_images.cdk.builds.local_builder import LocalBuilder
from scoped_images.cdk.order.stack_order import build_after, refuse_other_place
from scoped_images.cdk.output_folder import refuse_output_folder
from scoped_images.cdk.place import context_value, path_of, stack_of
from scoped_images.cdk.repositories.addressed_repository import AddressedRepository
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.whole_repository import registry_cache_warning
from scoped_images.errors import ScopedImagesError
from scoped_images.expect import expect
from scoped_images.image.base_reference import BaseReference
from scoped_images.image.build_options import BuildOptions
from scoped_images.image.registry_cache import RegistryCache
from scoped_images.image.spec import ImageSpec
from scoped_images.platform import Platform

# The platform of images without one, for a whole app: `cdk deploy -c scoped-images:platform=linux/arm64`, or an entry of
# cdk.json. Lambda and Fargate default to linux/amd64.
PLATFORM = "scoped-images:platform"


@dataclass(frozen=True, kw_only=True)
class ImageBuilds:
    """The builds of one image, one for each platform, all of one Dockerfile.

    context: one for all platforms, or a function that makes each platform's.
    frozen: as that of ImageSpec.
    """

    scope: Construct
    context: ScopedContext | Callable[[Platform], ScopedContext]
    platforms: tuple[Platform, ...]
    repository: AddressedRepository | None
    base: PublishedBase | str | None
    named_bases: Mapping[str, PublishedBase | str]
    options: BuildOptions
    builder: ImageBuilder
    frozen: str | None = None

    def __post_init__(self) -> None:
        scope = self.scope
        self._wait_for_repository()
        for base in self._bases:
            refuse_other_place(scope, base.address)
            build_after(scope, needed=base, what="its base image")
            self._share_platforms(base)

    def _wait_for_repository(self) -> None:
        repository = self.repository
        if repository is not None:
            refuse_other_place(self.scope, repository.address)
            if repository.deployed_with is not None:
                build_after(self.scope, needed=repository.deployed_with, what="its repository")
            return
        reasons = {
            "keeps the index over its platforms": len(self.platforms) > 1,
            f"{type(self.builder).__name__} pushes it to": self.builder.needs_repository,
        }
        for reason, holds in reasons.items():
            if holds:
                raise ScopedImagesError(
                    f"repository: {path_of(self.scope)!r} needs one, which {reason}, got None; pass an "
                    "ImageRepository of an earlier stack"
                )

    @property
    def _bases(self) -> list[PublishedBase]:
        """The bases that the app builds."""
        return [base for base in (self.base, *self.named_bases.values()) if isinstance(base, PublishedBase)]

    @property
    def ordered(self) -> bool:
        """Whether the CLI builds the image after it has deployed other stacks."""
        return isinstance(self.builder, LocalBuilder) and bool(
            (self.repository and self.repository.deployed_with) or self._bases
        )

    def builds(self) -> tuple[ImageBuild, ...]:
        """Make one build for each platform, in the order given."""
        builds = tuple(self._build(platform) for platform in self.platforms)
        if len(builds) > 1:
            refuse_late_args(self.scope, builds[0].late_args, "the tag of an index over several platforms")
        self._annotate(builds)
        register_of(self.scope).add_contexts(build.spec.context for build in builds)
        return builds

    def _annotate(self, builds: tuple[ImageBuild, ...]) -> None:
        for build in builds:
            for kind, warnings in build.spec.warnings.items():
                for warning in warnings:
                    annotate_warning(self.scope, kind, warning)
            for image in build.spec.unpinned_images:
                # Once for each external image of the app, whichever images use it.
                if register_of(self.scope).is_first(f"pin {image}"):
                    annotate_warning(
                        self.scope,
                        "upstream",
                        f"{image} is not pinned, so no image is rebuilt when it changes; {build.spec.pin_advice(image)}",
                    )
            rung = registry_cache_warning(
                build.spec.context.whole_repository, has_cache=build.cache is not None
            )
            if rung:
                annotate_warning(self.scope, "cache", rung)
            if build.cache is not None and build.cache.export:
                ref, tag = build.cache.ref, build.spec.content_tag
                other = register_of(self.scope).add_cache(self.scope, ref, tag)
                if other is not None:
                    annotate_warning(
                        self.scope,
                        "cache",
                        f"cache: {other!r} exports to it too and each overwrites the other's, got {ref}; give each "
                        "image a repository of its own, or a cache of its own, BuildOptions(cache='<name>')",
                    )
        self._annotate_downloads(builds[0].spec)
        for base in self._bases:
            if base.is_static:
                annotate_info(
                    self.scope,
                    "static-base",
                    f"built FROM {base.reference.uri}: a change of that base rebuilds this image only after "
                    "scoped-images bases refresh; if the tag is missing, scoped-images bases restore puts it back",
                )

    def _annotate_downloads(self, spec: ImageSpec) -> None:
        """Note once for the app that an image could be pushed without its base being downloaded."""
        steps = spec.steps.needless_downloads if self.base is not None and spec.steps is not None else ()
        if steps and register_of(self.scope).is_first("download"):
            lines = ", ".join(f"{step.name} in line {step.line}" for step in steps)
            annotate_info(
                self.scope,
                "download",
                f"{os.path.relpath(spec.context.dockerfile)}: a build that only pushes must download the base image "
                f"because of {lines}; set WORKDIR in the base image, and use COPY --link with an absolute target "
                "(docs/build.md)",
            )

    def _build(self, platform: Platform) -> ImageBuild:
        late = {
            name: value
            for name, value in self.options.build_args.items()
            if self.builder.takes_tokens and is_token(value)
        }
        literal = {name: value for name, value in self.options.build_args.items() if name not in late}
        resolved = stack_of(self.scope).resolve(late) if late else {}
        context = self.context(platform) if callable(self.context) else self.context
        what = f"context of {path_of(self.scope)!r}"
        expect(what, context, ScopedContext, "have the function return one")
        refuse_output_folder(self.scope, context)
        spec = ImageSpec(
            context=context,
            platform=platform,
            base=None if self.base is None else self._reference_of("base", self.base),
            named_bases={
                name: self._reference_of(f"named_bases[{name!r}]", base)
                for name, base in self.named_bases.items()
            },
            options=dataclasses.replace(self.options, build_args=literal),
            frozen=self.frozen,
            # The expression, because a token's placeholder differs from synth to synth.
            late_args={name: json.dumps(value, sort_keys=True) for name, value in resolved.items()},
        )
        return ImageBuild(
            spec=spec,
            cache=self._cache(spec),
            repository=self.repository.address if self.repository else None,
            late_args=late,
        )

    def _reference_of(self, name: str, base: PublishedBase | str) -> BaseReference:
        if isinstance(base, PublishedBase):
            return base.reference
        return BaseReference.external(base, name=f"{name} of {path_of(self.scope)!r}")

    def _share_platforms(self, base: PublishedBase) -> None:
        missing = [platform for platform in self.platforms if platform not in base.platforms]
        if missing:
            raise ScopedImagesError(
                f"platform: base image {path_of(base)!r} is built for {' and '.join(base.platforms)}, got "
                f"{' and '.join(self.platforms)} for {path_of(self.scope)!r}; build both for the same platform"
            )

    def _cache(self, spec: ImageSpec) -> RegistryCache | None:
        cache = self._own_cache(spec)
        if cache is None or exports_cache(self.scope, self.options, cache):
            return cache
        return dataclasses.replace(cache, export=False)

    def _own_cache(self, spec: ImageSpec) -> RegistryCache | None:
        cache, platform = self.options.cache, spec.platform
        if cache is False:
            return None
        if cache is None:
            # A cache of COPY steps takes longer to read and write than the steps.
            if self.repository is None or (spec.steps is not None and not spec.steps.worth_caching):
                return None
            return RegistryCache(repository=self.repository.address, platform=platform)
        if isinstance(cache, str):
            if self.repository is None:
                raise ScopedImagesError(
                    f"cache: CDK's own repository takes none, got {cache!r} for {path_of(self.scope)!r}; give the image "
                    "repository=, an ImageRepository of an earlier stack"
                )
            return RegistryCache(repository=self.repository.address, platform=platform, name=cache)
        if self.repository is None or cache.repository != self.repository.address:
            raise ScopedImagesError(
                f"cache: {path_of(self.scope)!r} can export only to its own repository, got "
                f"{cache.repository.name!r}; pass that ImageRepository as repository=, and caches to read in imports=(…)"
            )
        if len(self.platforms) > 1:
            return dataclasses.replace(cache, platform=platform)
        if cache.platform != platform:
            raise ScopedImagesError(
                f"cache: a cache holds one platform, got {cache.platform} for {path_of(self.scope)!r}, which is built "
                f"for {platform}; give both the same platform"
            )
        return cache


def refuse_late_args(scope: Construct, late_args: Iterable[str], what: str) -> None:
    """Raise if a build argument is a token: its value is part of the tag, which must be known at synth."""
    for name in late_args:
        raise ScopedImagesError(
            f"build_args[{name!r}]: {what} must be known at synth, got a token for {path_of(scope)!r}; use a literal, "
            "or read the value at run time"
        )


def platforms_of(
    scope: Construct, platform: Platform | str | None, platforms: Sequence[Platform | str]
) -> tuple[Platform, ...]:
    """Return the platforms to build for: only `platform`, or `platforms` in their order, or the app's default."""
    platforms = tuple(platforms)
    if platform is not None and platforms:
        raise ScopedImagesError(
            f"platform: {path_of(scope)!r} takes either platform or platforms, got both; pass platform= for one, or "
            "platforms=[…] for several under one index"
        )
    if platform is None and not platforms:
        # Not the machine's own platform: every machine must build the same.
        given = context_value(scope, PLATFORM)
        return (Platform.LINUX_AMD64 if given is None else Platform.parse(given, name=PLATFORM),)
    parsed = tuple(Platform.parse(each) for each in (platforms or (platform,)))
    if len(set(parsed)) < len(parsed):
        raise ScopedImagesError(
            f"platforms: each must be named once, got {' and '.join(parsed)}; remove the duplicate"
        )
    return parsed
