"""An image with shared packages, that other images are built from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from scoped_images.arguments import expect
from scoped_images.context import ScopedContext
from scoped_images.environment import BASE_TAGS, BaseTag
from scoped_images.errors import ScopedImagesError
from scoped_images.image_asset import image_asset
from scoped_images.image_copy import ImageCopy
from scoped_images.image_repository import ImageRepository
from scoped_images.image_spec import ImageSpec
from scoped_images.platform import Platform
from scoped_images.registry_cache import RegistryCache
from scoped_images.stack_order import build_after, require_same_place

STABLE_TAG = "stable"


class BaseImage(Construct):
    """Builds a base image and publishes it in its repository, as `sha-<12 hex>` and as `stable`.

    It belongs to a stack of its own, after its repository's and before its dependents'.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository: ImageRepository,
        context: ScopedContext,
        platform: Platform,
        base: BaseImage | None = None,
        tag: BaseTag = "content",
        cache: RegistryCache | Literal[False] | None = None,
        build_args: Mapping[str, str] | None = None,
        build_secrets: Mapping[str, str] | None = None,
        target: str | None = None,
    ) -> None:
        """Build and publish.

        base: another base image to build FROM; by default the Dockerfile's own `ARG BASE_IMAGE_URI`.
        tag: what dependents are built FROM. `content` rebuilds them whenever this image changes; `static`
            leaves them as they are and lets their next build of their own take what `stable` then is.
        cache: by default the build imports from and exports to `repository`; False for no registry cache.
        build_args, build_secrets, target: as those of ScopedImage.
        """
        super().__init__(scope, construct_id)
        if tag not in BASE_TAGS:
            raise ScopedImagesError(
                f"tag of base image {self.node.path!r} is {tag!r}, and takes 'content' or 'static'"
            )
        expect(self, "repository", repository, ImageRepository, "make one in an earlier stack")
        expect(self, "context", context, ScopedContext, "ScopedContext.of(directory)")
        platform = Platform.parse(platform)
        require_same_place(self, repository.address)
        build_after(self, repository, what="its repository")
        self._publish_alone(repository)
        stand_on(self, base)
        self.address = repository.address
        self.platform = platform
        self.spec = ImageSpec(
            context=context,
            platform=platform,
            base_uri=base_uri(self, base, platform),
            build_args=build_args or {},
            build_secrets=build_secrets or {},
            target=target,
        )
        self.uri = repository.address.tagged(self.spec.content_tag if tag == "content" else STABLE_TAG)
        self.asset = image_asset(
            self, "Asset", spec=self.spec, cache=cache_of(self, repository, platform, cache)
        )
        ImageCopy(
            self,
            "Copy",
            asset=self.asset,
            destination=repository.address,
            platform=platform,
            content_tag=self.spec.content_tag,
            moving_tag=STABLE_TAG,
        )
        CfnOutput(self, "Uri", value=repository.address.tagged(self.spec.content_tag))

    def _publish_alone(self, repository: ImageRepository) -> None:
        stack = Stack.of(self)
        others = [
            child for child in stack.node.find_all() if isinstance(child, BaseImage) and child is not self
        ]
        if others:
            raise ScopedImagesError(
                f"stack {stack.node.path!r} has the base image {others[0].node.path!r} already: put "
                f"{self.node.path!r} into a stack of its own, so that its dependents wait for it alone"
            )
        if repository.publishes is not None:
            raise ScopedImagesError(
                f"repository {repository.node.path!r} publishes the base image {repository.publishes.node.path!r} "
                f"already, and {self.node.path!r} would move its tag {STABLE_TAG!r}: give each a repository of its own"
            )
        repository.publishes = self


def stand_on(scope: Construct, base: BaseImage | None) -> None:
    """Let `scope` be built from `base` only when that is in its repository."""
    expect(
        scope, "base", base, BaseImage, "an image by name is what the Dockerfile's ARG BASE_IMAGE_URI is for"
    )
    if base is not None:
        require_same_place(scope, base.address)
        build_after(scope, base, what="its base image")


def base_uri(scope: Construct, base: BaseImage | None, platform: Platform) -> str | None:
    """The URI that an image of `platform` builds FROM, or None for its Dockerfile's own default."""
    if base is None:
        return None
    if base.platform != platform:
        raise ScopedImagesError(
            f"{scope.node.path!r} is built for {platform}, its base image {base.node.path!r} for {base.platform}: "
            "give both the same platform"
        )
    return base.uri


def cache_of(
    scope: Construct,
    repository: ImageRepository | None,
    platform: Platform,
    cache: RegistryCache | Literal[False] | None,
) -> RegistryCache | None:
    """The cache asked for: by default the repository's own, none without a repository."""
    if cache is False:
        return None
    if cache is None:
        return RegistryCache(repository=repository.address, platform=platform) if repository else None
    expect(scope, "cache", cache, RegistryCache, "or False for none")
    if repository is None or cache.repository != repository.address:
        raise ScopedImagesError(
            f"cache of {scope.node.path!r} is kept in {cache.repository.name!r}, which must be there before the build: "
            "give that ImageRepository as repository=; other caches to read from go into imports=(…)"
        )
    return cache
