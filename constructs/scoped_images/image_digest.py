"""The digest of a published image, as a value that other resources can use."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

_HANDLER = Path(__file__).parent / "image_digest_handler"
_FUNCTION_ID = "ScopedImagesDigestLookup"


class ImageDigest(Construct):
    """Looks a tag's digest up at deploy time, since only then the image is in the registry.

    One small function serves all the digests of a stack.
    """

    def __init__(self, scope: Construct, construct_id: str, *, repository: ecr.IRepository, tag: str) -> None:
        """Look up `tag` in `repository`."""
        super().__init__(scope, construct_id)
        function = _lookup_function(Stack.of(self))
        function.add_to_role_policy(
            iam.PolicyStatement(actions=["ecr:DescribeImages"], resources=[repository.repository_arn])
        )
        resource = CustomResource(
            self,
            "Resource",
            resource_type="Custom::ScopedImagesDigest",
            service_token=function.function_arn,
            # Shorter than CloudFormation's hour: the look-up takes a second or fails.
            service_timeout=Duration.minutes(5),
            properties={
                "RegistryId": Stack.of(self).account,
                "RepositoryName": repository.repository_name,
                "ImageTag": tag,
            },
        )
        # The function may look before IAM has given it the right to.
        resource.node.add_dependency(function)
        self.digest = resource.get_att_string("Digest")
        self.hex = resource.get_att_string("Hex")
        self.logical_id = Stack.of(self).get_logical_id(resource.node.default_child)  # type: ignore[arg-type]


def _lookup_function(stack: Stack) -> lambda_.Function:
    existing = stack.node.try_find_child(_FUNCTION_ID)
    if isinstance(existing, lambda_.Function):
        return existing
    log_group = logs.LogGroup(
        stack,
        f"{_FUNCTION_ID}Logs",
        retention=logs.RetentionDays.ONE_MONTH,
        removal_policy=RemovalPolicy.DESTROY,
    )
    role = iam.Role(
        stack,
        f"{_FUNCTION_ID}Role",
        description="Looks up the digests of images for CloudFormation",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
    )
    log_group.grant_write(role)
    return lambda_.Function(
        stack,
        _FUNCTION_ID,
        description="Looks up the digests of images for CloudFormation",
        runtime=lambda_.Runtime.PYTHON_3_14,
        architecture=lambda_.Architecture.ARM_64,
        handler="index.handler",
        code=lambda_.Code.from_asset(str(_HANDLER)),
        timeout=Duration.minutes(1),
        role=role,
        log_group=log_group,
    )
