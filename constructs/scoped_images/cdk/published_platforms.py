"""The images of every platform that one ScopedImage is built for, as functions and containers refer to them."""

from __future__ import annotations

from aws_cdk import Token
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from scoped_images.cdk.architectures import ImageArchitectures
from scoped_images.cdk.builder import Digest, ImageBuild, ImageBuilder, PublishedImage, built_by
from scoped_images.cdk.registry_resources import ImageDigest, ImageIndex
from scoped_images.image.spec import index_tag
from scoped_images.platform import Platform


class PublishedPlatforms:
    """Builds for each platform, and puts an index over them where there are several.

    image, digest: what containers run: the image, or the index.
    """

    def __init__(
        self, scope: Construct, *, builds: tuple[ImageBuild, ...], by: ImageBuilder, pinned: bool
    ) -> None:
        """Build in `scope`. pinned: refer to images by digest in place of their tags."""
        self._scope, self._pinned = scope, pinned
        single = len(builds) == 1
        self._images = {
            build.spec.platform: by.build(
                scope, "Asset" if single else f"Asset-{build.spec.platform.slug}", build
            )
            for build in builds
        }
        self._digests = {
            platform: self._find_digest(platform, image, "Digest" if single else f"Digest-{platform.slug}")
            for platform, image in self._images.items()
        }
        self.image, self.digest = self._only() if single else self._index(builds)

    def reference(self, platform: Platform | None = None) -> tuple[ecr.IRepository, str]:
        """Repository, and tag or digest, of one platform's image; without one of what containers run."""
        image = self._images[platform] if platform else self.image
        digest = self._digests[platform] if platform else self.digest
        # The literal prefix is what makes CDK write `@sha256:…` and not `:sha256…`.
        return image.repository, f"sha256:{digest.hex}" if self._pinned else image.tag

    def _find_digest(self, platform: Platform, image: PublishedImage, construct_id: str) -> Digest:
        digest = image.digest or ImageDigest(
            self._scope, construct_id, repository=image.repository, tag=image.tag
        )
        self._register(image.tag, digest, platform)
        return digest

    def _only(self) -> tuple[PublishedImage, Digest]:
        ((platform, image),) = self._images.items()
        return image, self._digests[platform]

    def _index(self, builds: tuple[ImageBuild, ...]) -> tuple[PublishedImage, Digest]:
        address = builds[0].repository
        assert address is not None, "an image of several platforms has a repository"
        tag = index_tag([build.spec for build in builds])
        index = ImageIndex(
            self._scope,
            "Index",
            repository=address,
            tag=tag,
            images={platform: image.tag for platform, image in self._images.items()},
        )
        index.node.add_dependency(*built_by(self._images.values()))
        self._register(tag, index, None)
        repository = self._images[builds[0].spec.platform].repository
        return PublishedImage(repository=repository, tag=tag), index

    def _register(self, tag: str, digest: Digest, platform: Platform | None) -> None:
        by_id = self._pinned or Token.is_unresolved(tag)
        ImageArchitectures.register(
            self._scope,
            marker=digest.logical_id if by_id else tag,
            platform=platform,
            pinned=self._pinned,
        )
