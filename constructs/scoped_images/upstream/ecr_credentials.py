"""The login of a private ECR registry, from the AWS credentials at hand."""

from __future__ import annotations

import re

from scoped_images.errors import ScopedImagesError

# The second form is that of dual-stack endpoints.
_ECR = re.compile(
    r"(\d{12})\.(?:dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?|dkr-ecr(?:-fips)?\.([a-z0-9-]+)\.on\.aws)"
)


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
    account, region = match[1], match[2] or match[3]
    try:
        # A session of its own: boto3's shared one is not for several threads.
        client = boto3.Session().client("ecr", region_name=region)
        answer = client.get_authorization_token(registryIds=[account])
    except (BotoCoreError, ClientError) as error:
        raise ScopedImagesError(f"no login to {registry}: {error}") from None
    return f"Basic {answer['authorizationData'][0]['authorizationToken']}"
