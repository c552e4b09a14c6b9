"""Moves a tag to an image by cdk-ecr-deployment."""

from __future__ import annotations

from aws_cdk import Acknowledgment, RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from cdk_ecr_deployment import DockerImageName, ECRDeployment
from constructs import Construct

from scoped_images.ecr.address import RepositoryAddress
from scoped_images.platform import Platform

_ARCHITECTURES = {Platform.LINUX_AMD64: "amd64", Platform.LINUX_ARM64: "arm64"}

_MEMORY_MIB = 1024

_ACTIONS = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


class ImageCopy(Construct):
    """Copies an image of a repository to another tag there, `moving_tag`.

    cdk-ecr-deployment's function does the copying, under a role that reaches this repository alone: the role
    that it would make for itself reaches every repository of the account. It pushes at each create, update
    and rollback, so it gets a tag that may move.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository: RepositoryAddress,
        tag: str,
        moving_tag: str,
        platforms: tuple[Platform, ...],
    ) -> None:
        """Copy when the stack deploys, and again when `tag` changes; of several platforms the whole index."""
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        role = self._role(repository, log_group)
        index = len(platforms) > 1
        ECRDeployment(
            self,
            "Copy",
            src=DockerImageName(repository.tagged(tag)),
            dest=DockerImageName(repository.tagged(moving_tag)),
            image_arch=None if index else [_ARCHITECTURES[platforms[0]]],
            copy_image_index=index or None,
            # Also what tells the function, one for each size, from one that the user's own stack may have.
            memory_limit=_MEMORY_MIB,
            # Without the updates: its own statements allow every repository.
            role=role.without_policy_updates(),
        )
        self._log_to(log_group)

    def _role(self, repository: RepositoryAddress, log_group: logs.LogGroup) -> iam.Role:
        arn = Stack.of(self).format_arn(service="ecr", resource="repository", resource_name=repository.name)
        statements = [
            iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
            iam.PolicyStatement(actions=_ACTIONS, resources=[arn]),
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.log_group_arn]
            ),
        ]
        role = iam.Role(
            self,
            "Role",
            description="Copies images within one repository",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            # Inline, so that the role has its rights before the first copy starts.
            inline_policies={"Copy": iam.PolicyDocument(statements=statements)},
        )
        Validations.of(role).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-IAM5[Resource::*]",
                reason="ecr:GetAuthorizationToken takes no resource; every other statement names its own",
            )
        )
        return role

    def _log_to(self, log_group: logs.LogGroup) -> None:
        """ECRDeployment has no property for its function's log group, which would never expire."""
        functions = [
            child.node.default_child
            for child in Stack.of(self).node.children
            if child.node.id.startswith("Custom::CDKECRDeployment")
            and child.node.id.endswith(f"{_MEMORY_MIB}MiB")
        ]
        assert len(functions) == 1, "cdk-ecr-deployment keeps one function for each stack and size"
        (function,) = functions
        assert isinstance(function, lambda_.CfnFunction)
        function.logging_config = lambda_.CfnFunction.LoggingConfigProperty(
            log_group=log_group.log_group_name
        )
