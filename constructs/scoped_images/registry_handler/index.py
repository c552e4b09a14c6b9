"""CloudFormation custom resources on images: look a tag's digest up, and tag an image by its content."""

from __future__ import annotations

import json
import logging
import urllib.request
from typing import Any

import boto3
from botocore.exceptions import ClientError

logger = logging.getLogger()
logger.setLevel(logging.INFO)

# The tag stands already, on this image or on another of the same content: a tag by content never moves.
_TAGGED = {"ImageAlreadyExistsException", "ImageTagAlreadyExistsException"}


def find_digest(ecr: Any, properties: dict[str, str]) -> str:
    """Return `sha256:…` of the image that `RepositoryName` holds under `ImageTag`."""
    answer = ecr.describe_images(
        registryId=properties["RegistryId"],
        repositoryName=properties["RepositoryName"],
        imageIds=[{"imageTag": properties["ImageTag"]}],
    )
    digest: str = answer["imageDetails"][0]["imageDigest"]
    return digest


def add_tag(ecr: Any, properties: dict[str, str]) -> str:
    """Give the image that `RepositoryName` holds under `FromTag` the tag `ImageTag` too; return its digest."""
    place = {"registryId": properties["RegistryId"], "repositoryName": properties["RepositoryName"]}
    answer = ecr.batch_get_image(**place, imageIds=[{"imageTag": properties["FromTag"]}])
    if not answer["images"]:
        raise LookupError(f"there is no {properties['RepositoryName']}:{properties['FromTag']}")
    (image,) = answer["images"]
    try:
        ecr.put_image(
            **place,
            imageManifest=image["imageManifest"],
            imageManifestMediaType=image["imageManifestMediaType"],
            imageTag=properties["ImageTag"],
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TAGGED:
            raise
        logger.info("%s is tagged already", properties["ImageTag"])
    return find_digest(ecr, properties)


_ACTIONS = {"Custom::ScopedImagesDigest": find_digest, "Custom::ScopedImagesTag": add_tag}


def handler(event: dict[str, Any], _context: Any) -> None:
    """Answer a create or update with the digest; a delete has nothing to delete."""
    properties = event["ResourceProperties"]
    image = f"{properties.get('RepositoryName')}:{properties.get('ImageTag')}"
    answer: dict[str, Any] = {
        "Status": "SUCCESS",
        "PhysicalResourceId": event.get("PhysicalResourceId", image),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    try:
        if event["RequestType"] != "Delete":
            digest = _ACTIONS[event["ResourceType"]](boto3.client("ecr"), properties)
            answer["PhysicalResourceId"] = image
            answer["Data"] = {"Digest": digest, "Hex": digest.removeprefix("sha256:")}
    except Exception as error:  # CloudFormation waits an hour for a handler that dies silently.
        logger.exception("no digest")
        answer |= {"Status": "FAILED", "Reason": f"no digest of image {image}: {error}"[:1000]}
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's own https URL
        event["ResponseURL"],
        data=json.dumps(answer).encode(),
        method="PUT",
        headers={"Content-Type": ""},
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        logger.info("answered %s for %s", answer["Status"], answer["PhysicalResourceId"])
