"""The CodeBuild project of one image: its buildspec, its role and the values of its build."""

from __future__ import annotations

from aws_cdk import Aws, Duration
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from scoped_images.cdk.builds.builder import ImageBuild
from scoped_images.cdk.remote.findings import acknowledge_project
from scoped_images.cdk.remote.settings import RemoteSettings
from scoped_images.remote.build_request import BuildRequest
from scoped_images.remote.buildspec import buildspec, refuse_long_buildspec
from scoped_images.remote.image_project import REPOSITORY, STACK, TAG, late_variable, secret_variable


def image_project(
    scope: Construct,
    construct_id: str,
    *,
    name: str,
    settings: RemoteSettings,
    build: ImageBuild,
    request: BuildRequest,
    role: iam.Role,
) -> codebuild.Project:
    """Make the project that builds one image.

    Variables carry the values of late arguments: bash needs no quotes for them, which only known values could get.
    """
    platform = build.spec.platform
    refuse_long_buildspec(request)
    project = codebuild.Project(
        scope,
        construct_id,
        project_name=name,
        description=f"Builds {request.repository} for {platform}",
        environment=codebuild.BuildEnvironment(
            build_image=settings.build_images[platform],
            compute_type=None if platform in settings.fleets else settings.compute_type,
            fleet=settings.fleets.get(platform),
            # Docker runs in the build.
            privileged=True,
        ),
        environment_variables={
            REPOSITORY: codebuild.BuildEnvironmentVariable(value=request.repository),
            TAG: codebuild.BuildEnvironmentVariable(value=request.tag),
            STACK: codebuild.BuildEnvironmentVariable(value=Aws.STACK_ID),
            **{
                late_variable(argument): codebuild.BuildEnvironmentVariable(value=value)
                for argument, value in sorted(build.late_args.items())
            },
            **{
                secret_variable(number): codebuild.BuildEnvironmentVariable(
                    type=codebuild.BuildEnvironmentVariableType(request.secrets[secret].kind),
                    value=request.secrets[secret].reference,
                )
                for number, secret in enumerate(sorted(request.secrets))
            },
        },
        build_spec=codebuild.BuildSpec.from_object(buildspec(request)),
        # Without the updates: CDK would grant a log group, reports and secrets more widely than needed.
        role=role.without_policy_updates(),
        timeout=Duration.minutes(settings.minutes),
        vpc=settings.vpc,
        subnet_selection=settings.subnets,
        security_groups=list(settings.security_groups) or None,
        logging=codebuild.LoggingOptions(
            cloud_watch=codebuild.CloudWatchLoggingOptions(
                log_group=logs.LogGroup.from_log_group_name(scope, "Logs", settings.log_group_name),
                # Streams are `<prefix>/<id>`: the role may write those of its own project only.
                prefix=name,
            )
        ),
        grant_report_group_permissions=False,
    )
    # CodeBuild makes no project in a VPC whose own role may not look at it.
    project.node.add_dependency(role)
    acknowledge_project(project, in_vpc=settings.vpc is not None)
    return project
