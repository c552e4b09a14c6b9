"""Publishes an image for each platform it is built for, and an index over them where there are several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aws_cdk import CfnResource
from constructs import Construct, IConstruct

from scoped_images.cdk.builder import ImageBuild, ImageBuilder, PublishedImage, built_by
from scoped_images.cdk.digest import Digest
from scoped_images.cdk.image_watch import register_of
from scoped_images.cdk.place import place_of
from scoped_images.cdk.published_repository import PublishedRepository
from scoped_images.cdk.register import RegisteredImage
from scoped_images.cdk.registry_resources import ImageIndex, digest_of
from scoped_images.image.spec import index_tag
from scoped_images.platform import Platform


@dataclass(frozen=True, kw_only=True)
class Published:
    """What came of the builds of one image.

    images: by platform. index: over several; None for one platform.
    repository, tag: of what containers run: the image, or the index.
    needed: resources that what uses the image while the stack deploys waits for.
    """

    images: Mapping[Platform, PublishedImage]
    index: ImageIndex | None
    repository: PublishedRepository
    tag: str
    needed: tuple[IConstruct, ...]


def publish(scope: Construct, builds: Sequence[ImageBuild], by: ImageBuilder) -> Published:
    """Have each platform's image built and pushed, and the index put when the stack deploys."""
    if len(builds) == 1:
        (build,) = builds
        image = by.build(scope, "Asset", build)
        return Published(
            images={build.spec.platform: image},
            index=None,
            repository=image.repository,
            tag=image.tag,
            needed=tuple(built_by([image])),
        )
    address = builds[0].repository
    assert address is not None, "ImageBuilds has checked that an index has a repository"
    images = {
        build.spec.platform: by.build(scope, f"Asset-{build.spec.platform.slug}", build) for build in builds
    }
    tag = index_tag([build.spec for build in builds])
    index = ImageIndex(
        scope,
        "Index",
        repository=address,
        tag=tag,
        images={platform: image.tag for platform, image in images.items()},
    )
    index.node.add_dependency(*built_by(images.values()))
    return Published(
        images=images,
        index=index,
        repository=images[builds[0].spec.platform].repository,
        tag=tag,
        needed=(index,),
    )


class PublishedPlatforms:
    """The images of one ScopedImage, as functions and containers refer to them.

    Their digests are looked up when something asks for them, and not before.
    """

    def __init__(self, scope: Construct, *, published: Published, pinned: bool, ordered: bool) -> None:
        """Register the images.

        pinned: refer to images by digest in place of their tags.
        ordered: whether the CLI builds the images, after other stacks.
        """
        self._scope, self._published, self._pinned, self._ordered = scope, published, pinned, ordered
        self._digests = {
            platform: image.digest for platform, image in published.images.items() if image.digest
        }
        for platform, image in published.images.items():
            self._register(
                image.repository, image.tag, (platform,), partial(self._digests.get, platform), None
            )
        index = published.index
        if index is not None:
            platforms = tuple(published.images)
            self._register(published.repository, published.tag, platforms, lambda: index, index.resource)

    @property
    def image_digest(self) -> Digest:
        """The digest of the index, or of the only image."""
        return self._published.index or self._digest_of(next(iter(self._published.images)))

    def reference(self, platform: Platform | None = None) -> tuple[PublishedRepository, str]:
        """Return repository, and tag or digest, of one platform's image; without a platform, of what containers run."""
        image = self._published.images[platform] if platform else self._published
        if not self._pinned:
            return image.repository, image.tag
        digest = self._digest_of(platform) if platform else self.image_digest
        # The literal prefix is what makes CDK write `@sha256:…` and not `:sha256…`.
        return image.repository, f"sha256:{digest.hex}"

    def _digest_of(self, platform: Platform) -> Digest:
        if platform not in self._digests:
            image = self._published.images[platform]
            self._digests[platform] = digest_of(
                self._scope, image.repository, image.tag, account=place_of(self._scope).account
            )
        return self._digests[platform]

    def _register(
        self,
        repository: PublishedRepository,
        tag: str,
        platforms: tuple[Platform, ...],
        find_digest: Callable[[], Digest | None],
        needed: CfnResource | None,
    ) -> None:
        register_of(self._scope).images.append(
            RegisteredImage(
                scope=self._scope,
                uri=repository.tagged(tag),
                fragment=tag,
                platforms=platforms,
                find_digest=find_digest,
                needed=needed,
                ordered=self._ordered,
            )
        )
