"""The login of a private ECR registry, from the AWS credentials at hand."""

from __future__ import annotations

from scoped_images.ecr.hosts import RegistryHost
from scoped_images.errors import ScopedImagesError


def ecr_authorization(registry: str) -> str | None:
    """Return the Authorization header for an ECR registry's host, and None for any other registry."""
    host = RegistryHost.parse(registry)
    if host is None:
        return None
    try:
        import boto3  # noqa: PLC0415 - public registries do without
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ScopedImagesError(f"a login to {registry} needs {error.name}: pip install boto3") from None
    try:
        # A session of its own: boto3's shared one is not for several threads.
        client = boto3.Session().client("ecr", region_name=host.region)
        answer = client.get_authorization_token(registryIds=[host.account])
    except (BotoCoreError, ClientError) as error:
        raise ScopedImagesError(f"no login to {registry}: {error}") from None
    return f"Basic {answer['authorizationData'][0]['authorizationToken']}"
