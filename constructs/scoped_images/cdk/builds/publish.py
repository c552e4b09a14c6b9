"""Publishes an image for each platform it is built for, and an index over them where there are several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from constructs import Construct, IConstruct

from scoped_images.cdk.builds.builder import ImageBuild, ImageBuilder, PublishedImage
from scoped_images.cdk.functions.registry_resources import ImageIndex
from scoped_images.cdk.repositories.repository_by_name import RepositoryByName
from scoped_images.expect import expect
from scoped_images.image.spec import index_tag
from scoped_images.platform import Platform


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """Where the images of one construct are.

    images: by platform. index: over several; None for one platform.
    repository, tag: of what containers run: the image, or the index.
    needed: resources to wait for before anything uses the image in the same deploy.
    """

    images: Mapping[Platform, PublishedImage]
    index: ImageIndex | None
    repository: RepositoryByName
    tag: str
    needed: tuple[IConstruct, ...]


def publish(scope: Construct, builds: Sequence[ImageBuild], by: ImageBuilder) -> PublishResult:
    """Have each platform's image built and pushed, and the index put when the stack deploys."""
    if len(builds) == 1:
        (build,) = builds
        image = _built(by, scope, "Asset", build)
        return PublishResult(
            images={build.spec.platform: image},
            index=None,
            repository=image.repository,
            tag=image.tag,
            needed=() if image.built_by is None else (image.built_by,),
        )
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
    return PublishResult(
        images=images,
        index=index,
        repository=images[builds[0].spec.platform].repository,
        tag=tag,
        needed=(index,),
    )


def _built(by: ImageBuilder, scope: Construct, construct_id: str, build: ImageBuild) -> PublishedImage:
    image = by.build(scope, construct_id, build)
    return expect(
        f"{type(by).__name__}.build()", image, PublishedImage, "return PublishedImage(repository=…, tag=…)"
    )
