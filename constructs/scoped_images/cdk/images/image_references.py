"""How functions and containers refer to the images of one ScopedImage."""

from __future__ import annotations

from functools import partial

from aws_cdk import CfnResource
from constructs import Construct

from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.app.registered_image import Digest, RegisteredImage
from scoped_images.cdk.builds.builder import PublishedImage
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
        self._scope, self._published, self._pinned = scope, published, pinned
        self._digests: dict[str, Digest] = {}
        several = len(published.images) > 1
        named = [((platform,), image) for platform, image in published.images.items()]
        for platforms, image in [*named, *([(tuple(published.images), published.whole)] if several else [])]:
            if image.digest is not None:
                self._digests[image.tag] = image.digest
            register_of(scope).add_image(
                RegisteredImage(
                    scope=scope,
                    uri=image.repository.image_uri(image.tag),
                    fragment=image.tag,
                    platforms=platforms,
                    find_digest=partial(self._digests.get, image.tag),
                    # A reference to a remote build waits for it without help.
                    needed=image.built_by if isinstance(image.built_by, CfnResource) else None,
                    ordered=ordered,
                )
            )

    @property
    def image_digest(self) -> Digest:
        """The digest of what containers run."""
        return self._digest_of(self._published.whole)

    def reference(self, platform: Platform | None = None) -> tuple[RepositoryByName, str]:
        """Return repository, and tag or digest, of one platform's image; without a platform, of what containers run."""
        image = self._published.images[platform] if platform else self._published.whole
        return image.repository, self._digest_of(image).digest if self._pinned else image.tag

    def _digest_of(self, image: PublishedImage) -> Digest:
        if image.tag not in self._digests:
            account = place_of(self._scope).account
            self._digests[image.tag] = digest_of(self._scope, image.repository, image.tag, account=account)
        return self._digests[image.tag]
