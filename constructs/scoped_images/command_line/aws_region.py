"""Finds the AWS region for a command."""

from __future__ import annotations

import os
from pathlib import Path

from scoped_images.errors import ScopedImagesError
from scoped_images.json_file import read_json


def aws_region(given: str | None, *, env: str) -> str:
    """Return --region, else the environment's region in ./cdk.json, else the AWS CLI's. Raises ScopedImagesError."""
    configured = configured_region()
    region = given or _region_of(env) or configured
    if not region:
        raise ScopedImagesError(
            f"--region: missing, and neither environment {env!r} in ./cdk.json nor the AWS configuration names one; give "
            "--region or set AWS_REGION"
        )
    return region


def configured_region() -> str | None:
    """Return the region that the AWS CLI would use. Raises ScopedImagesError."""
    import boto3  # noqa: PLC0415 - most commands do without it
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    try:
        configured = boto3.Session().region_name
    except BotoCoreError as error:
        raise ScopedImagesError(
            f"cannot read the AWS configuration: {error}; correct ~/.aws/config, or name one of its profiles in "
            "AWS_PROFILE"
        ) from None
    # The AWS CLI reads AWS_REGION and boto3 does not.
    return os.environ.get("AWS_REGION") or configured


def _region_of(env: str) -> str | None:
    """Return the region that the context value `environments` of ./cdk.json gives an environment, if any."""
    found: object = read_json(Path("cdk.json"))
    for key in ("context", "environments", env, "region"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None
