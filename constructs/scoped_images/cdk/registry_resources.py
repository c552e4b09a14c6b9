"""What can be known or done only when images are in the registry: custom resources of one small function."""

from __future__ import annotations

from collections.abc import Mapping

# Its modules load when they are first used: aws_lambda and aws_ecs take half a second.
import aws_cdk
from aws_cdk import CfnResource, CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from scoped_images.cdk.function_code import function_code
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.platform import Platform

_FUNCTION_ID = "ScopedImagesRegistry"
# CloudFormation asks again only for what has changed. After an image was deleted by hand it should:
# `cdk deploy -c scoped-images:again=<another value than before>`.
LOOK_AGAIN = "scoped-images:again"


class ImageDigest(Construct):
    """The digest of a published image.

    The resource is another one for each tag, so that what refers to it changes with the image: versions and
    aliases of a function are told from each other by their templates.
    """

    def __init__(self, scope: Construct, construct_id: str, *, repository: ecr.IRepository, tag: str) -> None:
        """Look `tag` up in `repository` when the stack deploys."""
        super().__init__(scope, construct_id)
        resource = _resource(
            self,
            f"For{tag.removeprefix('sha-')}",
            resource_type="Custom::ScopedImagesDigest",
            statement=iam.PolicyStatement(
                actions=["ecr:DescribeImages"], resources=[repository.repository_arn]
            ),
            properties={"RepositoryName": repository.repository_name, "ImageTag": tag},
        )
        self.digest = resource.get_att_string("Digest")
        self.hex = resource.get_att_string("Hex")
        self.logical_id: str = Stack.of(self).resolve(resource.ref)["Ref"]


class ImageIndex(Construct):
    """One index over the images of several platforms, under a tag of its own beside them.

    A tag that stands already is left where it is. The resource is another one for each tag, as ImageDigest's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository: RepositoryAddress,
        tag: str,
        images: Mapping[Platform, str],
    ) -> None:
        """Put the index when the stack deploys. images: tag of each platform's image."""
        super().__init__(scope, construct_id)
        resource = _resource(
            self,
            f"For{tag.removeprefix('sha-')}",
            resource_type="Custom::ScopedImagesIndex",
            statement=iam.PolicyStatement(
                actions=["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:PutImage"],
                resources=[_arn(self, repository)],
            ),
            properties={
                "RepositoryName": repository.name,
                "ImageTag": tag,
                "Images": {str(platform): image for platform, image in images.items()},
            },
        )
        made = resource.node.default_child
        assert isinstance(made, CfnResource)
        self.resource = made
        self.digest = resource.get_att_string("Digest")
        self.hex = resource.get_att_string("Hex")
        self.logical_id: str = Stack.of(self).resolve(resource.ref)["Ref"]


class MovingTag(Construct):
    """A second tag on an image: `tag` beside `from_tag`, taken from whatever image had it before."""

    def __init__(
        self, scope: Construct, construct_id: str, *, repository: RepositoryAddress, from_tag: str, tag: str
    ) -> None:
        """Tag when the stack deploys, and again when either tag changes."""
        super().__init__(scope, construct_id)
        _resource(
            self,
            "Resource",
            resource_type="Custom::ScopedImagesTag",
            statement=iam.PolicyStatement(
                actions=["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:PutImage"],
                resources=[_arn(self, repository)],
            ),
            properties={"RepositoryName": repository.name, "FromTag": from_tag, "ImageTag": tag},
        )


def _arn(scope: Construct, repository: RepositoryAddress) -> str:
    return Stack.of(scope).format_arn(service="ecr", resource="repository", resource_name=repository.name)


def _resource(
    scope: Construct,
    construct_id: str,
    *,
    resource_type: str,
    statement: iam.PolicyStatement,
    properties: dict[str, str | dict[str, str]],
) -> CustomResource:
    stack = Stack.of(scope)
    function = _registry_function(stack)
    function.add_to_role_policy(statement)
    again = scope.node.try_get_context(LOOK_AGAIN)
    resource = CustomResource(
        scope,
        construct_id,
        resource_type=resource_type,
        service_token=function.function_arn,
        # Shorter than CloudFormation's hour: it takes a second or fails.
        service_timeout=Duration.minutes(5),
        properties={"RegistryId": stack.account, **properties, **({"Again": str(again)} if again else {})},
    )
    # The function may run before IAM has given it the right to.
    resource.node.add_dependency(function)
    return resource


def _registry_function(stack: Stack) -> aws_cdk.aws_lambda.Function:
    lambda_, logs = aws_cdk.aws_lambda, aws_cdk.aws_logs
    existing = stack.node.try_find_child(_FUNCTION_ID)
    if isinstance(existing, lambda_.Function):
        return existing
    description = "Looks up and tags images for CloudFormation"
    log_group = logs.LogGroup(
        stack,
        f"{_FUNCTION_ID}Logs",
        retention=logs.RetentionDays.ONE_MONTH,
        removal_policy=RemovalPolicy.DESTROY,
    )
    role = iam.Role(
        stack,
        f"{_FUNCTION_ID}Role",
        description=description,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
    )
    log_group.grant_write(role)
    with function_code("registry") as code:
        return lambda_.Function(
            stack,
            _FUNCTION_ID,
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=code,
            timeout=Duration.minutes(1),
            role=role,
            log_group=log_group,
        )
