"""The function that looks up digests and tags images while a stack deploys, one for each stack that needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

# Its modules load when they are first used: aws_lambda and aws_ec2 take half a second.
import aws_cdk
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from scoped_images.cdk.annotations import acknowledge
from scoped_images.cdk.app.architectures import lambda_architecture
from scoped_images.cdk.arguments import refuse_network_without_vpc
from scoped_images.cdk.checked import checked
from scoped_images.cdk.functions.function_code import function_code, function_runtime, lambda_principal
from scoped_images.cdk.functions.role_rights import RoleRights
from scoped_images.cdk.place import once, reference_of
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform

_FUNCTION_ID = "ScopedImagesRegistry"


@checked()
@dataclass(frozen=True, kw_only=True)
class RegistryFunction:
    """Settings of the function that looks digests up and moves tags: `RegistryFunction(vpc=vpc).use_in(app)`.

    vpc, subnets, security_groups: where it runs. Defaults to outside any VPC. In a VPC it needs a way to ECR and to
        CloudFormation's response bucket in S3.
    architecture: defaults to arm64.
    """

    vpc: aws_cdk.aws_ec2.IVpc | None = None
    subnets: aws_cdk.aws_ec2.SubnetSelection | None = None
    security_groups: Sequence[aws_cdk.aws_ec2.ISecurityGroup] = ()
    architecture: aws_cdk.aws_lambda.Architecture | None = None

    def __post_init__(self) -> None:
        refuse_network_without_vpc(self.vpc, subnets=self.subnets, security_groups=self.security_groups)

    @checked()
    def use_in(self, scope: Construct) -> None:
        """Use these settings for all stacks in `scope`: an app, a stage, or one stack. The innermost scope wins."""
        for stack in (each for each in scope.node.find_all() if isinstance(each, Stack)):
            if stack.node.try_find_child(_FUNCTION_ID) is not None:
                raise ScopedImagesError(
                    f"use_in: must come before images are made, got stack {stack.node.path!r} with its function; call it "
                    "first"
                )
        _SETTINGS[reference_of(scope)] = self


# By the references of scopes.
_SETTINGS: dict[str, RegistryFunction] = {}


class StackRegistry:
    """The registry function of one stack. arn: of the function."""

    def __init__(self, stack: Stack) -> None:
        settings = _settings(stack)
        description = "Looks up and tags images for CloudFormation"
        log_group = aws_cdk.aws_logs.LogGroup(
            stack,
            f"{_FUNCTION_ID}Logs",
            retention=aws_cdk.aws_logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(stack, f"{_FUNCTION_ID}Role", description=description, assumed_by=lambda_principal())
        if settings.vpc is not None:
            _let_into_vpc(role)
        function = aws_cdk.aws_lambda.Function(
            stack,
            _FUNCTION_ID,
            description=description,
            runtime=function_runtime(),
            architecture=settings.architecture or lambda_architecture(Platform.LINUX_ARM64),
            handler="index.handler",
            code=function_code("registry"),
            timeout=_one_minute(),
            role=role,
            log_group=log_group,
            vpc=settings.vpc,
            vpc_subnets=settings.subnets,
            security_groups=list(settings.security_groups) or None,
        )
        self.arn: str = function.function_arn
        # A grant takes several calls to JavaScript, and makes a policy to wait for.
        self._rights = RoleRights(role, "Registry")
        self.allow(("logs:CreateLogStream", "logs:PutLogEvents"), log_group.log_group_arn)

    def allow(self, actions: tuple[str, ...], arn: str) -> None:
        """Allow the function to do `actions` with a repository or its log group."""
        self._rights.allow(actions, arn)


@once
def registry_of(stack: Stack) -> StackRegistry:
    """Return the stack's function, and make it at the first call."""
    return StackRegistry(stack)


@cache
def _one_minute() -> Duration:
    return Duration.minutes(1)


def _let_into_vpc(role: iam.Role) -> None:
    """Let a function make the network interfaces that Lambda needs; CDK does so only for roles that it makes itself."""
    name = "service-role/AWSLambdaVPCAccessExecutionRole"
    role.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name(name))
    acknowledge(
        role,
        f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{name}]",
        "a function in a VPC makes network interfaces, whose names nobody knows before",
    )


def _settings(stack: Stack) -> RegistryFunction:
    given = (_SETTINGS.get(reference_of(scope)) for scope in reversed(stack.node.scopes)) if _SETTINGS else ()
    return next((settings for settings in given if settings is not None), RegistryFunction())
