"""The login of a private ECR registry, from the AWS credentials at hand."""

from __future__ import annotations

import re

from scoped_images.errors import ScopedImagesError

_ECR = re.compile(r"(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")


def ecr_authorization(registry: str) -> str | None:
    """Return the Authorization header for an ECR registry's host, and None for any other registry."""
    match = _ECR.fullmatch(registry)
    if match is None:
        return None
    try:
        import boto3  # noqa: PLC0415 - public registries do without
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ScopedImagesError(f"a login to {registry} needs {error.name}: pip install boto3") from None
    account, region = match.groups()
    try:
        client = boto3.client("ecr", region_name=region)
        answer = client.get_authorization_token(registryIds=[account])
    except (BotoCoreError, ClientError) as error:
        raise ScopedImagesError(f"no login to {registry}: {error}") from None
    return f"Basic {answer['authorizationData'][0]['authorizationToken']}"
