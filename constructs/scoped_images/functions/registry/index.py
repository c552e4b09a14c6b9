"""Handles CloudFormation's custom resources for images: find digests, move tags, put an index over images."""

from __future__ import annotations

import json
import logging
import time
import urllib.request
from typing import Any

import boto3
from botocore.exceptions import ClientError

from scoped_images.ecr.media_types import ANY_IMAGE, OCI_INDEX

logger = logging.getLogger()
logger.setLevel(logging.INFO)

# All of them, because ECR may convert a manifest for a client that does not accept its type.
_MEDIA_TYPES = list(ANY_IMAGE)

# A right that the same deploy grants takes effect after some seconds: aws/aws-cdk#37675.
_DENIED = "AccessDeniedException"
_NO_REPOSITORY = "RepositoryNotFoundException"
_PAUSES_SECONDS = (1, 2, 4, 8, 16)

# The tag exists already: on the same image, or on another one.
_SAME_IMAGE, _OTHER_IMAGE = "ImageAlreadyExistsException", "ImageTagAlreadyExistsException"


def find_digests(ecr: Any, properties: dict[str, Any]) -> dict[str, str]:
    """Return `sha256:…` of each of `Images`, by its `Key`."""
    found = {}
    for image in properties["Images"]:
        try:
            found[image["Key"]] = _digest(ecr, image)
        except ClientError as error:
            if error.response["Error"]["Code"] in (_DENIED, _NO_REPOSITORY):
                raise
            raise LookupError(f"no image {image['RepositoryName']}:{image['ImageTag']}: {error}") from error
    return found


def move_tags(ecr: Any, properties: dict[str, Any]) -> dict[str, str]:
    """Give each of `ImageTags` to the image that the repository holds under its `FromTag`."""
    for tag in properties["ImageTags"]:
        image = _image(ecr, tag, tag["FromTag"])
        _put(ecr, tag, image["imageManifest"], image["imageManifestMediaType"])
    return {}


def put_index(ecr: Any, properties: dict[str, Any]) -> dict[str, str]:
    """Put an index over `Images` (tag by platform) as `ImageTag`, unless that is there; return its digest by `Key`."""
    manifests = []
    for platform, tag in sorted(properties["Images"].items()):
        image = _image(ecr, properties, tag)
        system, architecture = platform.split("/")
        manifests.append(
            {
                "mediaType": image["imageManifestMediaType"],
                "digest": image["imageId"]["imageDigest"],
                "size": len(image["imageManifest"].encode()),
                "platform": {"architecture": architecture, "os": system},
            }
        )
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
    try:
        _put(ecr, properties, json.dumps(index, separators=(",", ":")), OCI_INDEX)
    except ClientError as error:
        # An index of the same contents, built at another time: a tag by content never moves.
        if error.response["Error"]["Code"] != _OTHER_IMAGE:
            raise
    return {properties["Key"]: _digest(ecr, properties)}


def _digest(ecr: Any, properties: dict[str, Any]) -> str:
    answer = ecr.describe_images(**_place(properties), imageIds=[{"imageTag": properties["ImageTag"]}])
    digest: str = answer["imageDetails"][0]["imageDigest"]
    return digest


def _image(ecr: Any, properties: dict[str, Any], tag: str) -> dict[str, Any]:
    answer = ecr.batch_get_image(
        **_place(properties), imageIds=[{"imageTag": tag}], acceptedMediaTypes=_MEDIA_TYPES
    )
    if not answer["images"]:
        raise LookupError(f"no image {properties['RepositoryName']}:{tag}")
    image: dict[str, Any] = answer["images"][0]
    return image


def _put(ecr: Any, properties: dict[str, Any], manifest: str, media_type: str) -> None:
    try:
        ecr.put_image(
            **_place(properties),
            imageManifest=manifest,
            imageManifestMediaType=media_type,
            imageTag=properties["ImageTag"],
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != _SAME_IMAGE:
            raise
        logger.info("%s is tagged already", properties["ImageTag"])


def _place(properties: dict[str, Any]) -> dict[str, str]:
    return {"registryId": properties["RegistryId"], "repositoryName": properties["RepositoryName"]}


# By resource type: what to do, and the attributes that come of it.
_ACTIONS = {
    "Custom::ScopedImagesDigests": find_digests,
    "Custom::ScopedImagesIndex": put_index,
    "Custom::ScopedImagesTags": move_tags,
}


def _act(ecr: Any, resource_type: str, properties: dict[str, Any]) -> dict[str, str]:
    for pause in _PAUSES_SECONDS:
        try:
            return _ACTIONS[resource_type](ecr, properties)
        except ClientError as error:
            if error.response["Error"]["Code"] == _NO_REPOSITORY:
                raise LookupError(
                    f"{error.response['Error']['Message']}; if somebody deleted it, deploy its stack with "
                    "--revert-drift, and then this stack again"
                ) from error
            if error.response["Error"]["Code"] != _DENIED:
                raise
            logger.info("not allowed yet: %s", error)
            time.sleep(pause)
    return _ACTIONS[resource_type](ecr, properties)


def handler(event: dict[str, Any], _context: Any) -> None:
    """Answer a create or an update with the digests, in hex. For a delete there is nothing to do."""
    properties = event["ResourceProperties"]
    answer: dict[str, Any] = {
        "Status": "SUCCESS",
        # Always the same one, else CloudFormation sends a delete for the one before.
        "PhysicalResourceId": event.get("PhysicalResourceId", event["LogicalResourceId"]),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    try:
        if event["RequestType"] != "Delete":
            digests = _act(boto3.client("ecr"), event["ResourceType"], properties)
            answer["Data"] = {key: digest.removeprefix("sha256:") for key, digest in digests.items()}
    except Exception as error:  # CloudFormation waits an hour for a handler that dies silently.
        logger.exception("failed")
        answer |= {"Status": "FAILED", "Reason": f"{event['ResourceType']}: {error}"[:1000]}
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's own https URL
        event["ResponseURL"],
        # CloudFormation takes 4,096 bytes.
        data=json.dumps(answer, separators=(",", ":")).encode(),
        method="PUT",
        headers={"Content-Type": ""},
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        logger.info("answered %s for %s", answer["Status"], answer["PhysicalResourceId"])
