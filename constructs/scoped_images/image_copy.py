"""Copies a published image asset into a named repository."""

from __future__ import annotations

from aws_cdk import Acknowledgment, RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_ecr_assets import DockerImageAsset
from cdk_ecr_deployment import DockerImageName, ECRDeployment
from constructs import Construct

from scoped_images.platform import Platform
from scoped_images.repository_address import RepositoryAddress

_ARCHITECTURES = {Platform.LINUX_AMD64: "amd64", Platform.LINUX_ARM64: "arm64"}

_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
_PUSH = [
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


class ImageCopy(Construct):
    """Copies an asset's image to `destination` under each of `tags`, in their order.

    cdk-ecr-deployment's function does the copying, under a role that reaches these two repositories alone:
    the role that it would make for itself reaches every repository of the account.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        asset: DockerImageAsset,
        destination: RepositoryAddress,
        platform: Platform,
        tags: tuple[str, ...],
    ) -> None:
        """Copy when the stack deploys, and again whenever the asset or a tag changes."""
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        role = self._role(asset, destination, log_group)
        previous: ECRDeployment | None = None
        for tag in tags:
            copy = ECRDeployment(
                self,
                f"To-{'content' if tag.startswith('sha-') else tag}",
                src=DockerImageName(asset.image_uri),
                dest=DockerImageName(destination.tagged(tag)),
                image_arch=[_ARCHITECTURES[platform]],
                # Without the updates: its own statements allow every repository.
                role=role.without_policy_updates(),
            )
            if previous is not None:
                copy.node.add_dependency(previous)
            previous = copy
        self._log_to(log_group)

    def _role(
        self, asset: DockerImageAsset, destination: RepositoryAddress, log_group: logs.LogGroup
    ) -> iam.Role:
        destination_arn = Stack.of(self).format_arn(
            service="ecr", resource="repository", resource_name=destination.name
        )
        statements = [
            iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
            iam.PolicyStatement(actions=_PULL, resources=[asset.repository.repository_arn]),
            iam.PolicyStatement(actions=[*_PULL, *_PUSH], resources=[destination_arn]),
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.log_group_arn]
            ),
        ]
        role = iam.Role(
            self,
            "Role",
            description="Copies one image from CDK's asset repository into its own",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            # Inline, so that the role has its rights before the first copy starts.
            inline_policies={"Copy": iam.PolicyDocument(statements=statements)},
        )
        Validations.of(role).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-IAM5[Resource::*]",
                reason="ecr:GetAuthorizationToken takes no resource; every other statement names its repository",
            )
        )
        return role

    def _log_to(self, log_group: logs.LogGroup) -> None:
        """ECRDeployment has no property for its function's log group, which would never expire."""
        for child in Stack.of(self).node.children:
            if child.node.id.startswith("CustomCDKECRDeployment"):
                function = child.node.default_child
                assert isinstance(function, lambda_.CfnFunction)
                function.logging_config = lambda_.CfnFunction.LoggingConfigProperty(
                    log_group=log_group.log_group_name
                )
