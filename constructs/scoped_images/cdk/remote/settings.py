"""The settings that a RemoteBuilder shares with its images, and the checks of its arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from scoped_images.remote.build_secret import BuildSecret


@dataclass(frozen=True, kw_only=True)
class RemoteSettings:
    """How every image of one builder is built.

    path: of the builder's construct, for messages.
    service_token: ARN of the function that custom resources call.
    minutes: that one build may take.
    The others: as those of RemoteBuilder.
    """

    path: str
    environment_name: str
    service_token: str
    compute_type: codebuild.ComputeType
    fleets: Mapping[Platform, codebuild.IFleet]
    build_images: Mapping[Platform, codebuild.IBuildImage]
    buildkit_image: str | None
    vpc: ec2.IVpc | None
    subnets: ec2.SubnetSelection | None
    security_groups: tuple[ec2.ISecurityGroup, ...]
    minutes: int
    secrets: Mapping[str, BuildSecret]
    secret_keys: tuple[kms.IKey, ...]

    @property
    def project_prefix(self) -> str:
        """How the names of the projects begin. No environment's name has a `_`, so no other one's begin so."""
        return f"scoped-images-{self.environment_name}_"

    @property
    def log_group_name(self) -> str:
        """The log group of all builds; each project writes streams of its own there."""
        return f"/aws/codebuild/scoped-images-{self.environment_name}"


# The longest that CloudFormation waits for a custom resource is an hour, and ending takes minutes of it.
_LONGEST = 55


def expect_secrets(scope: Construct, secrets: Mapping[str, BuildSecret]) -> Mapping[str, BuildSecret]:
    """Return secrets, whose ids must be what buildx takes."""
    for name in secrets:
        if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
            raise ScopedImagesError(
                f"secrets of {scope.node.path!r}: must have ids that buildx takes, got {name!r}; use letters, digits, "
                "'.', '_' and '-'"
            )
    return secrets


def minutes_of(scope: Construct, timeout: Duration | None) -> int:
    """The minutes that a build may take, by default 30."""
    if timeout is not None and timeout.is_unresolved():
        raise ScopedImagesError(
            f"timeout of {scope.node.path!r}: must be a literal, got a token; use Duration.minutes(30)"
        )
    minutes = 30.0 if timeout is None else timeout.to_minutes(integral=False)
    if not 5 <= minutes <= _LONGEST or minutes % 1:
        raise ScopedImagesError(
            f"timeout of {scope.node.path!r}: must be 5 to {_LONGEST} whole minutes, got {minutes:g}; "
            "CloudFormation waits one hour for a custom resource"
        )
    return int(minutes)
