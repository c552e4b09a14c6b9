"""Reads and tags images of a base image's repository; reports each failure in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from scoped_images.command_line.aws_region import aws_region
from scoped_images.ecr.media_types import ANY_IMAGE, INDEXES
from scoped_images.errors import ScopedImagesError


class BaseRepository:
    """One repository in one region. Every call raises ScopedImagesError with what to do."""

    def __init__(self, name: str, *, region: str | None, env: str) -> None:
        """name: of the repository. region: by default the one that cdk.json gives `env`, or the AWS CLI's."""
        import boto3  # noqa: PLC0415 - the other commands do without it
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        self.name = name
        self.region = aws_region(region, env=env)
        try:
            self._ecr = boto3.client("ecr", region_name=self.region)
        except BotoCoreError as error:
            raise ScopedImagesError(f"cannot ask ECR in {self.region}: {error}") from None

    def digest(self, tag: str) -> str | None:
        """Return the digest of a tag, or None if the tag does not exist."""
        answer = self._call("describe_images", imageIds=[{"imageTag": tag}])
        details = answer["imageDetails"] if answer else []
        return str(details[0]["imageDigest"]) if details else None

    def expect_digest(self, tag: str) -> str:
        """Return the digest of a tag. Raises ScopedImagesError if the tag does not exist."""
        digest = self.digest(tag)
        if digest is None:
            raise self.without(tag)
        return digest

    def without(self, tag: str) -> ScopedImagesError:
        """Return the error of a repository that does not have an image with this tag."""
        return ScopedImagesError(
            f"--repository: {self.name} in {self.region} must have the image {tag}, got none; deploy the base image first"
        )

    def images(self) -> list[dict[str, Any]]:
        """Return every image as ECR describes it."""
        pages = self._ecr.get_paginator("describe_images").paginate(repositoryName=self.name)
        return self._answer(lambda: [image for page in pages for image in page["imageDetails"]]) or []

    def children(self, image: dict[str, Any]) -> set[str]:
        """Return the digests of the images in an index; empty if the image is not an index."""
        if image.get("imageManifestMediaType") not in INDEXES:
            return set()
        index = json.loads(self._manifest(image["imageDigest"])["imageManifest"])
        return {entry["digest"] for entry in index["manifests"]}

    def put_tag(self, digest: str, tag: str) -> None:
        """Add a tag to an image."""
        image = self._manifest(digest)
        self._call(
            "put_image",
            imageManifest=image["imageManifest"],
            imageManifestMediaType=image["imageManifestMediaType"],
            imageTag=tag,
        )

    def _manifest(self, digest: str) -> dict[str, Any]:
        # Without the media types ECR may convert the manifest.
        answer = self._call(
            "batch_get_image", imageIds=[{"imageDigest": digest}], acceptedMediaTypes=[*ANY_IMAGE]
        )
        image: dict[str, Any] = answer["images"][0]
        return image

    def _call(self, operation: str, **request: Any) -> Any:
        """Return ECR's answer, or None if the image does not exist."""
        return self._answer(lambda: getattr(self._ecr, operation)(repositoryName=self.name, **request))

    def _answer(self, call: Callable[[], Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            return call()
        except BotoCoreError as error:
            raise ScopedImagesError(f"cannot ask ECR in {self.region}: {error}") from None
        except ClientError as error:
            answer = error.response["Error"]
            if answer.get("Code") == "ImageNotFoundException":
                return None
            if answer.get("Code") == "RepositoryNotFoundException":
                raise ScopedImagesError(
                    f"--repository: must exist in {self.region}, got {self.name}; deploy the base image first, or name "
                    "another with --repository, --env or --region"
                ) from None
            raise ScopedImagesError(
                f"ECR in {self.region} cannot read repository {self.name}: {answer.get('Message') or answer}"
            ) from None
