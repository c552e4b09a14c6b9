"""An image as a function's code."""

from __future__ import annotations

from collections.abc import Sequence

# aws_lambda loads when it is first used.
import aws_cdk
from aws_cdk import aws_ecr as ecr


def lambda_code(
    repository: ecr.IRepository,
    tag_or_digest: str,
    *,
    cmd: Sequence[str] | None,
    entrypoint: Sequence[str] | None,
) -> aws_cdk.aws_lambda.DockerImageCode:
    """Return an image as a function's code; `cmd` and `entrypoint` default to those of the image."""
    return aws_cdk.aws_lambda.DockerImageCode.from_ecr(
        repository,
        tag_or_digest=tag_or_digest,
        cmd=list(cmd) if cmd else None,
        entrypoint=list(entrypoint) if entrypoint else None,
    )
