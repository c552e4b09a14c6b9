"""An image that others are built from, as their fingerprints count it."""

from __future__ import annotations

from dataclasses import dataclass

from scoped_images.ecr.image_name import ImageName
from scoped_images.errors import ScopedImagesError

BASE_IMAGE_ARGUMENT = "BASE_IMAGE_URI"


@dataclass(frozen=True, kw_only=True)
class BaseReference:
    """An image that others are built from.

    uri: what the build reads, `<registry>/<repository>:<tag>`.
    identity: what fingerprints count of it: its content tag, or less where a change of it rebuilds nothing. None for an
        image that the app does not build, which is pinned and mirrored as any external image.
    """

    uri: str
    identity: str | None

    @classmethod
    def external(cls, uri: object, *, name: str) -> BaseReference:
        """Refer to an image that the app does not build. name: of the property, for the message."""
        if not isinstance(uri, str) or "${Token[" in uri:
            raise ScopedImagesError(
                f"{name}: images are built before CloudFormation knows tokens, got {str(uri)!r}; pass the image's URI "
                "as a literal"
            )
        try:
            ImageName.parse(uri)
        except ScopedImagesError as error:
            raise ScopedImagesError(f"{name}: {error}") from None
        return cls(uri=uri, identity=None)
