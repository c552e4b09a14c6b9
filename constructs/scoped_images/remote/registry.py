"""What a build asks of ECR and does there: find an image by its tag, and give it further tags."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from scoped_images.ecr.media_types import MANIFESTS
from scoped_images.remote.build_request import BuildRequest

logger = logging.getLogger(__name__)

# As it is stored: ECR may convert a manifest for who does not say what they take.
_MEDIA_TYPES = list(MANIFESTS)
_TAGGED = {"ImageAlreadyExistsException", "ImageTagAlreadyExistsException"}


@dataclass(frozen=True)
class Registry:
    """ECR, by its client."""

    ecr: Any

    def digest(self, request: BuildRequest) -> str | None:
        """`sha256:…` of the requested image, or None while its tag is not there."""
        try:
            found = self.ecr.describe_images(
                registryId=request.registry_id,
                repositoryName=request.repository,
                imageIds=[{"imageTag": request.published_tag}],
            )["imageDetails"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ImageNotFoundException":
                raise
            return None
        return str(found[0]["imageDigest"]) if found else None

    def tag_further(self, request: BuildRequest) -> None:
        """Give an image that is there the further tags, as far as they are free or may move."""
        if not request.further_tags:
            return
        place = {"registryId": request.registry_id, "repositoryName": request.repository}
        answer = self.ecr.batch_get_image(
            **place, imageIds=[{"imageTag": request.published_tag}], acceptedMediaTypes=_MEDIA_TYPES
        )
        (image,) = answer["images"]
        for tag in request.further_tags:
            try:
                self.ecr.put_image(
                    **place,
                    imageManifest=image["imageManifest"],
                    imageManifestMediaType=image["imageManifestMediaType"],
                    imageTag=tag,
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in _TAGGED:
                    raise
                logger.info("%s is tagged already", tag)
