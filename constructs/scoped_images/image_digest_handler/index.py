"""CloudFormation custom resource: the digest behind an image tag, looked up when the stack deploys."""

from __future__ import annotations

import json
import logging
import urllib.request
from typing import Any

import boto3

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def find_digest(ecr: Any, properties: dict[str, str]) -> str:
    """Return `sha256:…` of the image that `RepositoryName` holds under `ImageTag`."""
    answer = ecr.describe_images(
        registryId=properties["RegistryId"],
        repositoryName=properties["RepositoryName"],
        imageIds=[{"imageTag": properties["ImageTag"]}],
    )
    digest: str = answer["imageDetails"][0]["imageDigest"]
    return digest


def handler(event: dict[str, Any], _context: Any) -> None:
    """Answer a create or update with the digest; a delete has nothing to delete."""
    properties = event["ResourceProperties"]
    answer: dict[str, Any] = {
        "Status": "SUCCESS",
        # A new id for each tag: CloudFormation drops the old value only when the new one is in use.
        "PhysicalResourceId": event.get("PhysicalResourceId", "image-digest"),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    try:
        if event["RequestType"] != "Delete":
            digest = find_digest(boto3.client("ecr"), properties)
            answer["PhysicalResourceId"] = f"{properties['RepositoryName']}:{properties['ImageTag']}"
            answer["Data"] = {"Digest": digest, "Hex": digest.removeprefix("sha256:")}
    except Exception as error:  # CloudFormation waits an hour for a handler that dies silently.
        logger.exception("no digest")
        image = f"{properties.get('RepositoryName')}:{properties.get('ImageTag')}"
        answer |= {"Status": "FAILED", "Reason": f"no digest of image {image}: {error}"[:1000]}
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's own https URL
        event["ResponseURL"],
        data=json.dumps(answer).encode(),
        method="PUT",
        headers={"Content-Type": ""},
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        logger.info("answered %s for %s", answer["Status"], answer["PhysicalResourceId"])
