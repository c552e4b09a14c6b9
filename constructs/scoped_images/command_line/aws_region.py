"""Finds the AWS region for a command."""

from __future__ import annotations

import os

from scoped_images.errors import ScopedImagesError


def aws_region(given: str | None) -> str:
    """Return the region of --region, else the one that the AWS CLI would use. Raises ScopedImagesError."""
    import boto3  # noqa: PLC0415 - the other commands do without it
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        configured = boto3.Session().region_name
    except BotoCoreError as error:
        raise ScopedImagesError(f"cannot read the AWS configuration: {error}") from None
    # The AWS CLI reads AWS_REGION and boto3 does not.
    region = given or os.environ.get("AWS_REGION") or configured
    if not region:
        raise ScopedImagesError("--region: no AWS region, got none; give --region or set AWS_REGION")
    return region
