"""Builds images on AWS CodeBuild while their stacks deploy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, Duration, RemovalPolicy
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from scoped_images.cdk.arguments import expect_environment_name, refuse_network_without_vpc
from scoped_images.cdk.builds.builder import ImageBuild, PublishedImage
from scoped_images.cdk.checked import checked
from scoped_images.cdk.order.stack_order import build_after, refuse_other_place
from scoped_images.cdk.place import is_same, literal_place_of, stack_of
from scoped_images.cdk.remote.functions import RemoteFunctions
from scoped_images.cdk.remote.image import RemoteImage
from scoped_images.cdk.remote.settings import RemoteSettings, expect_secrets, minutes_of
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from scoped_images.remote.build_secret import BuildSecret

_DEFAULT_IMAGES: Mapping[Platform, codebuild.IBuildImage] = {
    Platform.LINUX_AMD64: codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
    Platform.LINUX_ARM64: codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0,
}


class RemoteBuilder(Construct):
    """Has images built by AWS CodeBuild, each by a project and a role of its own.

    Give it to images and base images as `builder=`: they keep tag, base and cache. It belongs to a stack before
    theirs, or to the one stack that has them all.
    """

    takes_tokens = True
    needs_repository = True

    @checked()
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        compute_type: codebuild.ComputeType | None = None,
        fleets: Mapping[Platform, codebuild.IFleet] | None = None,
        build_images: Mapping[Platform, codebuild.IBuildImage] | None = None,
        buildkit_image: str | None = None,
        vpc: ec2.IVpc | None = None,
        subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        timeout: Duration | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        secrets: Mapping[str, BuildSecret] | None = None,
        secret_keys: Sequence[kms.IKey] = (),
    ) -> None:
        """Make what all projects share: a log group, and the functions that start builds and wait for them.

        environment_name: part of every physical name, so that several environments share an account.
        compute_type: by default CodeBuild's small one, 2 CPUs, on both platforms; a fleet brings its own.
        fleets: reserved capacity by platform; by default a machine on demand for each build.
        build_images: what CodeBuild runs in, by platform; by default Amazon Linux 2023 with Docker.
        buildkit_image: of the docker-container builder; by default `moby/buildkit` of Docker Hub, which limits
            anonymous pulls: give the ref of a mirror.
        vpc, subnets, security_groups: where builds run; by default outside any VPC.
        timeout: of one build, its time in CodeBuild's queue included, 5 to 55 minutes, by default 30.
        secrets: where to find the build secrets that images name as `build_secrets`, by their ids.
        secret_keys: your own KMS keys that encrypt those secrets.
        """
        super().__init__(scope, construct_id)
        # Images name its projects by account and region.
        literal_place_of(self)
        expect_environment_name(f"environment_name of {self.node.path!r}", environment_name)
        expect_secrets(self, secrets or {})
        refuse_network_without_vpc(
            vpc, subnets=subnets, security_groups=security_groups, name=f"vpc of {self.node.path!r}"
        )
        if vpc is not None and not security_groups:
            security_groups = [
                ec2.SecurityGroup(self, "SecurityGroup", vpc=vpc, description="Builds of container images")
            ]
        stack = stack_of(self)
        name = f"scoped-images-{environment_name}-builds"
        self.settings = RemoteSettings(
            path=str(self.node.path),
            environment_name=environment_name,
            # In literals, so that no export ties the stacks.
            service_token=stack.format_arn(
                service="lambda",
                resource="function",
                resource_name=name,
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
            compute_type=compute_type or codebuild.ComputeType.SMALL,
            fleets=dict(fleets or {}),
            build_images={**_DEFAULT_IMAGES, **(build_images or {})},
            buildkit_image=buildkit_image,
            vpc=vpc,
            subnets=subnets,
            security_groups=tuple(security_groups or ()),
            minutes=minutes_of(self, timeout),
            secrets=dict(secrets or {}),
            secret_keys=tuple(secret_keys),
        )
        log_group = logs.LogGroup(
            self,
            "BuildLogs",
            log_group_name=self.settings.log_group_name,
            retention=log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._functions = RemoteFunctions(
            self,
            "Functions",
            name=name,
            project_prefix=self.settings.project_prefix,
            log_group=log_group,
            minutes=self.settings.minutes,
        )

    def build(self, scope: Construct, construct_id: str, build: ImageBuild) -> PublishedImage:
        """Have CodeBuild build an image when the stack of `scope` deploys, unless it is in the registry."""
        if build.repository is None:
            raise ScopedImagesError(
                f"repository of {scope.node.path!r}: a remote build pushes to it, got None; pass an ImageRepository of "
                "an earlier stack"
            )
        refuse_other_place(scope, build.repository)
        # CloudFormation calls functions of its own region only.
        refuse_other_place(self, build.repository)
        stack = stack_of(scope)
        self._functions.serve(repository=build.repository, stack=stack)
        image = RemoteImage(
            scope, construct_id, settings=self.settings, build=build, repository=build.repository
        )
        if is_same(stack, stack_of(self)):
            image.node.add_dependency(self)
        else:
            build_after(scope, needed=self, what="its builder")
        return image.published
