"""The keywords that `from_dockerfile` and `WorkspaceImages.image` pass on to ScopedImage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from scoped_images.cdk.bases.base_image import BaseImage
from scoped_images.cdk.builds.builder import ImageBuilder
from scoped_images.cdk.repositories.existing_repository import ExistingRepository
from scoped_images.cdk.repositories.image_repository import ImageRepository
from scoped_images.image.build_options import BuildOptions
from scoped_images.platform import Platform


class ImageOptions(TypedDict, total=False):
    """The keywords of ScopedImage, which has their defaults."""

    platform: Platform | None
    platforms: Sequence[Platform]
    repository: ImageRepository | ExistingRepository | None
    base: BaseImage | str | None
    named_bases: Mapping[str, BaseImage | str] | None
    options: BuildOptions | None
    moving_tag: str | None
    builder: ImageBuilder | None
