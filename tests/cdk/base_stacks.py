"""Base images in stacks of their own, and images on them."""

from __future__ import annotations

from typing import Any

from scoped_images import BaseImage, ScopedImage
from tests.cdk.small_app import SmallApp


def base_in_own_stack(small_app: SmallApp, **options: Any) -> BaseImage:
    """A base of the repository `base-dev`, in stack `Base`."""
    return small_app.base(small_app.stack("Base"), "base", small_app.repository("base-dev"), **options)


def dependent_of(small_app: SmallApp, base: BaseImage, stack: str = "App", **options: Any) -> ScopedImage:
    """An image on a base, for the first of its platforms."""
    given = {"platforms": base.platforms[:1], **options}
    return small_app.image(small_app.stack(stack), base=base, **given)


def destinations(files: dict[str, Any], stack: str) -> set[tuple[str, str]]:
    """Repository and tag of every image that the CLI pushes for a stack."""
    return {
        (destination["repositoryName"], destination["imageTag"])
        for image in files[f"{stack}.assets.json"]["dockerImages"].values()
        for destination in image["destinations"].values()
    }
