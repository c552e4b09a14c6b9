"""Logs in to a private ECR registry with the AWS credentials of this machine."""

from __future__ import annotations

from scoped_images.ecr.hosts import RegistryHost
from scoped_images.errors import ScopedImagesError


def ecr_authorization(registry: str) -> str | None:
    """Return the Authorization header for an ECR registry's host, and None for any other registry."""
    host = RegistryHost.parse(registry)
    if host is None:
        return None
    import boto3  # noqa: PLC0415 - it takes 0.2 s, and public registries do without it
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        # A session of its own, because threads must not share boto3's default one.
        client = boto3.Session().client("ecr", region_name=host.region)
        answer = client.get_authorization_token(registryIds=[host.account])
    except (BotoCoreError, ClientError) as error:
        raise ScopedImagesError(f"cannot log in to {registry}: {error}") from None
    return f"Basic {answer['authorizationData'][0]['authorizationToken']}"
