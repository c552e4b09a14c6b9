"""How functions and containers refer to the images of one ScopedImage."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from aws_cdk import CfnResource
from constructs import Construct

from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.app.digest import Digest
from scoped_images.cdk.app.registered_image import RegisteredImage
from scoped_images.cdk.builds.publish import PublishResult
from scoped_images.cdk.functions.registry_resources import digest_of
from scoped_images.cdk.place import place_of
from scoped_images.cdk.repositories.repository_by_name import RepositoryByName
from scoped_images.platform import Platform


class ImageReferences:
    """The images of one ScopedImage, as functions and containers refer to them.

    Their digests are looked up when something asks for them, and not before.
    """

    def __init__(self, scope: Construct, *, published: PublishResult, pinned: bool, ordered: bool) -> None:
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
            self._register(
                published.repository, published.tag, platforms, lambda: index.digest, index.resource
            )

    @property
    def image_digest(self) -> Digest:
        """The digest of the index, or of the only image."""
        index = self._published.index
        return index.digest if index else self._digest_of(next(iter(self._published.images)))

    def reference(self, platform: Platform | None = None) -> tuple[RepositoryByName, str]:
        """Return repository, and tag or digest, of one platform's image; without a platform, of what containers run."""
        image = self._published.images[platform] if platform else self._published
        if not self._pinned:
            return image.repository, image.tag
        digest = self._digest_of(platform) if platform else self.image_digest
        return image.repository, digest.digest

    def _digest_of(self, platform: Platform) -> Digest:
        if platform not in self._digests:
            image = self._published.images[platform]
            self._digests[platform] = digest_of(
                self._scope, image.repository, image.tag, account=place_of(self._scope).account
            )
        return self._digests[platform]

    def _register(
        self,
        repository: RepositoryByName,
        tag: str,
        platforms: tuple[Platform, ...],
        find_digest: Callable[[], Digest | None],
        needed: CfnResource | None,
    ) -> None:
        register_of(self._scope).add_image(
            RegisteredImage(
                scope=self._scope,
                uri=repository.image_uri(tag),
                fragment=tag,
                platforms=platforms,
                find_digest=find_digest,
                needed=needed,
                ordered=self._ordered,
            )
        )
