"""Restores the images that a run has archived."""

from __future__ import annotations

from collections.abc import Sequence

from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.ecr_images import list_images
from scoped_images.pruning.image import Image
from scoped_images.pruning.run_id import RunId
from scoped_images.pruning.settings import PrunerSettings


def archived_by(aws: AwsCalls, settings: PrunerSettings, run: RunId) -> list[Image]:
    """Return the images that ECR archived during `run` and that are still in the archive, the last one first.

    A run archives an index before its children, so the index comes back after them. Raises IncompleteListing.
    """
    listed = aws.for_each(settings.repositories, lambda name: list_images(aws, name))
    found = [
        (image.archived_at, image)
        for images in listed
        for image in images or ()
        if image.archived_at is not None and run.includes(image.archived_at)
    ]
    return [image for _, image in sorted(found, key=lambda one: one[0], reverse=True)]


def restore(aws: AwsCalls, images: Sequence[Image]) -> None:
    """Start to restore `images`. ECR takes up to 20 minutes. Raises IncompleteListing."""
    for image in images:
        aws.call(
            "ecr",
            "update_image_storage_class",
            repositoryName=image.repository,
            imageId={"imageDigest": image.digest},
            targetStorageClass="STANDARD",
        )
