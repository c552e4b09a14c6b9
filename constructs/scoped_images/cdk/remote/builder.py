"""Builds images on AWS CodeBuild while their stacks deploy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy, Stack, custom_resources
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from scoped_images.cdk.builder import ImageBuild, PublishedImage
from scoped_images.cdk.remote.findings import acknowledge_project
from scoped_images.cdk.remote.functions import RemoteFunctions
from scoped_images.cdk.remote.image import RemoteImage
from scoped_images.cdk.remote.settings import (
    builder_platforms,
    check_name,
    check_network,
    check_place,
    check_secrets,
    minutes_of,
)
from scoped_images.cdk.stack_order import build_after, require_same_place
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from scoped_images.remote.build_secret import BuildSecret

_DEFAULT_IMAGES: Mapping[Platform, codebuild.IBuildImage] = {
    Platform.LINUX_AMD64: codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
    Platform.LINUX_ARM64: codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0,
}


class RemoteBuilder(Construct):
    """One CodeBuild project for each platform, shared by all images that have this builder.

    Give it to images and base images as `builder=`: they keep tag, base and cache. Every build runs with a role of
    its image's own. It belongs to a stack before theirs, or to the one stack that has them all.
    """

    takes_tokens = True
    needs_repository = True

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        platforms: Sequence[Platform] = tuple(Platform),
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
        """Make the projects.

        environment_name: part of every physical name, so that several environments share an account.
        platforms: by default both; arm64 is built natively, on ARM_CONTAINER.
        compute_type: by default CodeBuild's small one, 2 CPUs; a fleet brings its own.
        fleets: reserved capacity by platform; by default a machine on demand for each build.
        build_images: what CodeBuild runs in, by platform; by default Amazon Linux 2023 with Docker.
        buildkit_image: of the docker-container builder; by default `moby/buildkit` of Docker Hub, which limits
            anonymous pulls: give the ref of a mirror.
        vpc, subnets, security_groups: where builds run; by default outside any VPC.
        timeout: of one build, 5 to 55 minutes, by default 30; beyond it the build is stopped.
        secrets: where to find the build secrets that images name as `build_secrets`, by their ids.
        secret_keys: KMS keys of the customer's own that those secrets are encrypted with.
        """
        super().__init__(scope, construct_id)
        check_place(self)
        check_name(self, environment_name)
        check_secrets(self, secrets or {})
        if vpc is None:
            check_network(self, subnets=subnets, security_groups=security_groups)
        self.platforms = builder_platforms(self, platforms)
        self.minutes = minutes_of(self, timeout)
        self.prefix = f"scoped-images-{environment_name}"
        self.role_path = f"/scoped-images/{environment_name}/"
        self.buildkit_image, self.vpc = buildkit_image, vpc
        self.secrets, self.secret_keys = dict(secrets or {}), tuple(secret_keys)
        self.log_groups = {platform: self._log_group(platform, log_retention) for platform in self.platforms}
        self.projects = {
            platform: codebuild.Project(
                self,
                f"Project-{platform.slug}",
                project_name=self.project_name(platform),
                description=f"Builds container images for {platform}",
                environment=codebuild.BuildEnvironment(
                    build_image=(build_images or {}).get(platform, _DEFAULT_IMAGES[platform]),
                    compute_type=compute_type,
                    fleet=(fleets or {}).get(platform),
                    # Docker runs in the build.
                    privileged=True,
                ),
                # Each build brings its own.
                build_spec=codebuild.BuildSpec.from_object(
                    {"version": "0.2", "phases": {"build": {"commands": ["exit 1"]}}}
                ),
                role=self._idle_role(platform),
                timeout=Duration.minutes(self.minutes),
                vpc=vpc,
                subnet_selection=subnets,
                security_groups=list(security_groups) if security_groups else None,
                logging=codebuild.LoggingOptions(
                    cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=self.log_groups[platform])
                ),
                grant_report_group_permissions=False,
            )
            for platform in self.platforms
        }
        for project in self.projects.values():
            acknowledge_project(project, in_vpc=vpc is not None)
        self._functions = RemoteFunctions(
            self,
            "Functions",
            prefix=self.prefix,
            role_path=self.role_path,
            projects=list(self.projects.values()),
            log_groups=list(self.log_groups.values()),
            minutes=self.minutes,
        )

    @property
    def service_token(self) -> str:
        """What the custom resource of an image calls: an ARN in literals, so that no export ties the stacks."""
        return self._functions.service_token

    @property
    def provider(self) -> custom_resources.Provider:
        """Behind the service token."""
        return self._functions.provider

    def project_name(self, platform: Platform) -> str:
        """The project's physical name."""
        return f"{self.prefix}-{platform.slug}"

    def build(self, scope: Construct, construct_id: str, build: ImageBuild) -> PublishedImage:
        """Have an image built by CodeBuild when the stack of `scope` deploys, unless it is in the registry."""
        if build.repository is None:
            raise ScopedImagesError(
                f"{scope.node.path!r} is built remotely, and has no repository to be pushed to: give it repository=, an "
                "ImageRepository of an earlier stack"
            )
        if build.spec.platform not in self.platforms:
            raise ScopedImagesError(
                f"{scope.node.path!r} is built for {build.spec.platform}, and its builder {self.node.path!r} for "
                f"{' and '.join(self.platforms)}: give the builder this platform too"
            )
        require_same_place(scope, build.repository)
        # CloudFormation calls functions of its own region only.
        require_same_place(self, build.repository)
        stack = Stack.of(scope)
        self._functions.serve(repository=build.repository, stack=stack)
        image = RemoteImage(scope, construct_id, builder=self, build=build)
        if stack is Stack.of(self):
            image.node.add_dependency(self)
        else:
            build_after(scope, path=self.node.path, stack=Stack.of(self), what="its builder")
        return image.published

    def _log_group(self, platform: Platform, retention: logs.RetentionDays) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            f"Logs-{platform.slug}",
            log_group_name=f"/aws/codebuild/{self.project_name(platform)}",
            retention=retention,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _idle_role(self, platform: Platform) -> iam.IRole:
        """The project's own role, which it must have: every build is started with its image's."""
        role = iam.Role(
            self,
            f"Idle-{platform.slug}",
            description="Of a project whose builds each run with the role of their image",
            assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"),
        )
        # CodeBuild makes no project in a VPC whose own role may not look at it.
        return role if self.vpc else role.without_policy_updates()
