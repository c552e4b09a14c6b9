"""The function that looks up digests and tags images while a stack deploys, one for each stack that needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

# Its modules load when they are first used: aws_lambda and aws_ec2 take half a second.
import aws_cdk
from aws_cdk import Duration, RemovalPolicy, Stack
from constructs import Construct, IConstruct

from scoped_images.cdk.arguments import refuse_network_without_vpc
from scoped_images.cdk.checked import checked
from scoped_images.cdk.functions.function_code import function_code, function_role, function_runtime
from scoped_images.errors import ScopedImagesError

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
        _SETTINGS[scope] = self


_SETTINGS: WeakKeyDictionary[IConstruct, RegistryFunction] = WeakKeyDictionary()


def registry_function(stack: Stack) -> aws_cdk.aws_lambda.Function:
    """Return the stack's function, and make it at the first call."""
    lambda_, logs = aws_cdk.aws_lambda, aws_cdk.aws_logs
    existing = stack.node.try_find_child(_FUNCTION_ID)
    if isinstance(existing, lambda_.Function):
        return existing
    settings = _settings(stack)
    description = "Looks up and tags images for CloudFormation"
    log_group = logs.LogGroup(
        stack,
        f"{_FUNCTION_ID}Logs",
        retention=logs.RetentionDays.ONE_MONTH,
        removal_policy=RemovalPolicy.DESTROY,
    )
    role = function_role(stack, f"{_FUNCTION_ID}Role", description=description, log_group=log_group)
    with function_code("registry") as code:
        return lambda_.Function(
            stack,
            _FUNCTION_ID,
            description=description,
            runtime=function_runtime(),
            architecture=settings.architecture or lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=code,
            timeout=Duration.minutes(1),
            role=role,
            log_group=log_group,
            vpc=settings.vpc,
            vpc_subnets=settings.subnets,
            security_groups=list(settings.security_groups) or None,
        )


def _settings(stack: Stack) -> RegistryFunction:
    given = (_SETTINGS.get(scope) for scope in reversed(stack.node.scopes))
    return next((settings for settings in given if settings is not None), RegistryFunction())
