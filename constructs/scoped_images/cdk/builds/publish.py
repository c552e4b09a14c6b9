"""Publishes an image for each platform it is built for, and an index over them where there are several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from constructs import Construct, IConstruct

from scoped_images.cdk.builds.builder import ImageBuild, ImageBuilder, PublishedImage
from scoped_images.cdk.functions.registry_resources import ImageIndex
from scoped_images.expect import expect
from scoped_images.image.spec import index_tag
from scoped_images.platform import Platform


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """Where the images of one construct are.

    images: by platform. whole: what containers run, the only image or the index over all.
    """

    images: Mapping[Platform, PublishedImage]
    whole: PublishedImage

    @property
    def needed(self) -> tuple[IConstruct, ...]:
        """Resources to wait for before anything uses the image in the same deploy."""
        return () if self.whole.built_by is None else (self.whole.built_by,)


def publish(scope: Construct, builds: Sequence[ImageBuild], by: ImageBuilder) -> PublishResult:
    """Have each platform's image built and pushed, and the index put when the stack deploys."""
    if len(builds) == 1:
        image = _built(by, scope, "Asset", builds[0])
        return PublishResult(images={builds[0].spec.platform: image}, whole=image)
    address = builds[0].repository
    assert address is not None, "ImageBuilds has checked that an index has a repository"
    images = {
        build.spec.platform: _built(by, scope, f"Asset-{build.spec.platform.slug}", build) for build in builds
    }
    tag = index_tag([build.spec for build in builds])
    index = ImageIndex(
        scope,
        "Index",
        repository=address,
        tag=tag,
        images={platform: image.tag for platform, image in images.items()},
    )
    index.node.add_dependency(*(image.built_by for image in images.values() if image.built_by is not None))
    repository = images[builds[0].spec.platform].repository
    whole = PublishedImage(repository=repository, tag=tag, digest=index.digest, built_by=index.resource)
    return PublishResult(images=images, whole=whole)


def _built(by: ImageBuilder, scope: Construct, construct_id: str, build: ImageBuild) -> PublishedImage:
    image = by.build(scope, construct_id, build)
    return expect(
        f"{type(by).__name__}.build()", image, PublishedImage, "return PublishedImage(repository=…, tag=…)"
    )
