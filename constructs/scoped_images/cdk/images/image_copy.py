"""Copies an image to a repository in another region or account."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from scoped_images.cdk.annotations import acknowledge
from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.app.registered_image import RegisteredImage
from scoped_images.cdk.bases.base_image import BaseImage
from scoped_images.cdk.builds.builds import refuse_late_args
from scoped_images.cdk.checked import checked
from scoped_images.cdk.deploy_order import deploy_after
from scoped_images.cdk.functions.registry_resources import ImageDigests
from scoped_images.cdk.images.docker_image_code import lambda_code
from scoped_images.cdk.images.scoped_image import ScopedImage
from scoped_images.cdk.order.stack_order import refuse_other_place
from scoped_images.cdk.place import is_same, path_of, repository_arn, stack_of
from scoped_images.cdk.repositories.image_repository import ImageRepository
from scoped_images.cdk.repositories.repository_by_name import RepositoryByName
from scoped_images.ecr.actions import PULL, PUSH
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.errors import ScopedImagesError
from scoped_images.image.spec import index_tag
from scoped_images.platform import Platform

_ARCHITECTURES = {Platform.LINUX_AMD64: "amd64", Platform.LINUX_ARM64: "arm64"}
_MEMORY_MIB = 1024
_ROLE_ID = "ScopedImagesCopyRole"
_LOGS_ID = "ScopedImagesCopyLogs"


class ImageCopy(Construct):
    """Copies an image, or an index with all its images, to a repository in another region or account.

    The copy has the digest and the content tag of the original. Functions and services in the repository's account
    and region run it by its digest: `to_lambda_code(scope)` and `to_container_image(scope)`.

    cdk-ecr-deployment's function copies. It gets a role that may pull from the one repository and push to the other; the
    role that it makes by default may do both in every repository of the account.

    tag: the content tag in both repositories.
    """

    @checked()
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        image: ScopedImage | BaseImage,
        repository: ImageRepository,
    ) -> None:
        """Copy when the stack deploys and the image's content has changed.

        scope: in a stack of the image's account and region.
        image: one with a repository of its own.
        repository: where the copy goes, made by a stack of this app.
        """
        from cdk_ecr_deployment import DockerImageName, ECRDeployment  # noqa: PLC0415 - takes 0.1 s

        super().__init__(scope, construct_id)
        source = _source_of(image)
        refuse_other_place(self, source)
        self.tag, self.platforms = index_tag(image.specs), image.platforms
        self._address = repository.address
        if self._address == source:
            raise ScopedImagesError(
                f"repository: must be another than the image's own, got {source.name!r} for both of {path_of(self)!r}; "
                "pass a repository of another region or account, or use the image as it is"
            )
        stack = stack_of(self)
        role = _copy_role(stack)
        role.add_to_policy(iam.PolicyStatement(actions=[*PULL], resources=[repository_arn(stack, source)]))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=sorted((*PULL, *PUSH)), resources=[repository_arn(stack, self._address)]
            )
        )
        if self._address.account != stack.account:
            _let_push(repository, role_name=_role_name(stack), account=stack.account, sid_of=stack)
        index = len(self.platforms) > 1
        deployment = ECRDeployment(
            self,
            "Copy",
            src=DockerImageName(source.tagged(self.tag)),
            dest=DockerImageName(self._address.tagged(self.tag)),
            image_arch=None if index else [_ARCHITECTURES[self.platforms[0]]],
            copy_image_index=index or None,
            # It also tells the function, one for each size, from another one of cdk-ecr-deployment in the stack.
            memory_limit=_MEMORY_MIB,
            # cdk-ecr-deployment would add statements for every repository.
            role=role.without_policy_updates(),
        )
        deployment.node.add_dependency(role, image)
        if not is_same(stack_of(repository), stack):
            deploy_after(stack, stack_of(repository))
        _log_to(stack)

    @checked()
    def to_lambda_code(
        self,
        scope: Construct,
        *,
        platform: Platform | None = None,
        cmd: Sequence[str] | None = None,
        entrypoint: Sequence[str] | None = None,
    ) -> lambda_.DockerImageCode:
        """Return the copy, by digest, as the code of a function in the stack of `scope`.

        platform: must be left out, or be the platform of the image. Lambda takes no index, so an image of several
            platforms cannot be a function's code.
        """
        if len(self.platforms) > 1 or (platform and Platform.parse(platform) != self.platforms[0]):
            raise ScopedImagesError(
                f"platform: {self.node.path!r} as a function's code must be an image of one platform, got "
                f"{' and '.join(self.platforms)}; copy an image that is built for one"
            )
        return lambda_code(*self._in(scope), cmd=cmd, entrypoint=entrypoint)

    @checked()
    def to_container_image(self, scope: Construct) -> ecs.ContainerImage:
        """Return the copy, by digest, as the image of a container in the stack of `scope`."""
        return ecs.ContainerImage.from_ecr_repository(*self._in(scope))

    def _in(self, scope: Construct) -> tuple[ecr.IRepository, str]:
        """Return repository and digest in the stack of `scope`, which waits for the copy."""
        stack = stack_of(scope)
        refuse_other_place(scope, self._address)
        name = f"CopyOf{self._address.name.replace('/', '-')}{self.node.addr[-8:]}"
        existing = stack.node.try_find_child(name)
        copied = (
            existing
            if isinstance(existing, _Copied)
            else _Copied(stack, name, address=self._address, tag=self.tag, platforms=self.platforms)
        )
        if is_same(stack, stack_of(self)):
            copied.node.add_dependency(self)
        else:
            deploy_after(stack, stack_of(self))
        return copied.repository, copied.digest.digest


class _Copied(Construct):
    """The copy in one stack at its destination, which looks the digest up when it deploys."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        address: RepositoryAddress,
        tag: str,
        platforms: tuple[Platform, ...],
    ) -> None:
        super().__init__(scope, construct_id)
        self.repository = RepositoryByName(self, "Repository", address)
        # Not among the stack's other look-ups, which need not wait for the copy.
        digest = ImageDigests(self, "Digest").add(self.repository, tag, account=address.account)
        self.digest = digest
        register_of(self).add_image(
            RegisteredImage(
                scope=self,
                uri=self.repository.image_uri(tag),
                fragment=tag,
                platforms=platforms,
                find_digest=lambda: digest,
            )
        )


def _source_of(image: ScopedImage | BaseImage) -> RepositoryAddress:
    if image.address is None:
        raise ScopedImagesError(
            f"image: must have a repository of its own, got {path_of(image)!r} in CDK's; give it repository=, an "
            "ImageRepository"
        )
    refuse_late_args(image, image.specs[0].late_args, "the tag of an image to copy")
    return image.address


def _role_name(stack: Stack) -> str:
    """Return a literal name, which another account's policy can hold before the role exists.

    IAM's names have no region, so the name depends on it.
    """
    place = f"{stack.account} {stack.region} {stack.stack_name}"
    return f"scoped-images-copy-{hashlib.sha256(place.encode()).hexdigest()[:32]}"


def _copy_role(stack: Stack) -> iam.Role:
    """Return the stack's role. cdk-ecr-deployment has one function for each stack, with the role of the first copy."""
    existing = stack.node.try_find_child(_ROLE_ID)
    if isinstance(existing, iam.Role):
        return existing
    log_group = logs.LogGroup(
        stack, _LOGS_ID, retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
    )
    role = iam.Role(
        stack,
        _ROLE_ID,
        role_name=_role_name(stack),
        description="Copies images to other regions and accounts",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
    )
    role.add_to_policy(iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]))
    log_group.grant_write(role)
    acknowledge(
        role,
        "IAM5[Resource::*]",
        "ecr:GetAuthorizationToken takes no resource; every other statement names its own",
    )
    return role


def _let_push(repository: ImageRepository, *, role_name: str, account: str, sid_of: Stack) -> None:
    """Let the role of another account push.

    The repository is made before the role, and IAM refuses a policy whose principal is a role that does not exist. It
    does not check a role in a condition.
    """
    place = repository.address
    role = stack_of(repository).format_arn(
        service="iam", region="", account=account, resource="role", resource_name=role_name
    )
    repository.repository.add_to_resource_policy(
        iam.PolicyStatement(
            sid=f"CopiesFrom{account}{hashlib.sha256(f'{place} {sid_of.stack_name}'.encode()).hexdigest()[:8]}",
            principals=[iam.AccountPrincipal(account)],
            actions=sorted((*PULL, *PUSH)),
            conditions={"ArnEquals": {"aws:PrincipalArn": role}},
        )
    )


def _log_to(stack: Stack) -> None:
    """Set the log group. ECRDeployment has no property for it, and the function's own group never expires."""
    functions = [
        child.node.default_child
        for child in stack.node.children
        if child.node.id.startswith("Custom::CDKECRDeployment")
        and child.node.id.endswith(f"{_MEMORY_MIB}MiB")
    ]
    assert len(functions) == 1, "cdk-ecr-deployment keeps one function for each stack and size"
    (function,), log_group = functions, stack.node.find_child(_LOGS_ID)
    assert isinstance(function, lambda_.CfnFunction)
    assert isinstance(log_group, logs.LogGroup)
    function.logging_config = lambda_.CfnFunction.LoggingConfigProperty(log_group=log_group.log_group_name)
