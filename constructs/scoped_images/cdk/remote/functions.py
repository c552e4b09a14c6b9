"""The functions that start remote builds and wait for them, one pair for each builder."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack, custom_resources
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from scoped_images.cdk.functions.function_code import function_code, function_role, function_runtime
from scoped_images.cdk.place import repository_arn, stack_of
from scoped_images.cdk.remote.findings import acknowledge_functions, acknowledge_wildcard
from scoped_images.ecr.address import RepositoryAddress

# Extra time to stop and report a slow build before the provider times out.
_GRACE_MINUTES = 3
_POLL_SECONDS = 10


class RemoteFunctions(Construct):
    """Starts and polls builds with CDK's provider framework, in which Step Functions waits between polls."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        project_prefix: str,
        log_group: logs.LogGroup,
        minutes: int,
    ) -> None:
        """Make functions, log group and provider.

        name: of the function that custom resources call.
        project_prefix: how the names of the projects begin that the functions may start.
        log_group: of the builds.
        """
        super().__init__(scope, construct_id)
        self._log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        self._role = self._function_role(project_prefix, log_group)
        on_event = self._function("OnEvent", "on_event", "Starts builds of container images", project_prefix)
        is_complete = self._function(
            "IsComplete", "is_complete", "Looks after builds of container images", project_prefix
        )
        provider = custom_resources.Provider(
            self,
            "Provider",
            provider_function_name=name,
            on_event_handler=on_event,
            is_complete_handler=is_complete,
            query_interval=Duration.seconds(_POLL_SECONDS),
            total_timeout=Duration.minutes(minutes + _GRACE_MINUTES),
            log_group=self._log_group,
            disable_waiter_state_machine_logging=True,
        )
        acknowledge_functions(provider, [on_event, is_complete])
        self._served: set[str] = set()

    def serve(self, *, repository: RepositoryAddress, stack: Stack) -> None:
        """Let the functions look for images in a repository, and at the status of a stack.

        The role's own stack holds these rights: a role's policies take 10,240 characters in all, and CDK splits only
        policies of the role's stack.
        """
        mine = stack_of(self)
        images = repository_arn(self, repository)
        deploys = mine.format_arn(
            service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*"
        )
        for arn, actions in ((images, ["ecr:DescribeImages"]), (deploys, ["cloudformation:DescribeStacks"])):
            if arn not in self._served:
                self._served.add(arn)
                self._role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[arn]))
        acknowledge_wildcard(self._role, deploys, "CloudFormation ends a stack's ARN with an id of its own")

    def _function_role(self, project_prefix: str, log_group: logs.LogGroup) -> iam.Role:
        description = "Starts, watches and stops builds of container images"
        role = function_role(self, "Role", description=description, log_group=self._log_group)
        # It needs no iam:PassRole: each project has its own role, and starting a build cannot replace it.
        projects = stack_of(self).format_arn(
            service="codebuild", resource="project", resource_name=f"{project_prefix}*"
        )
        acknowledge_wildcard(role, projects, "one project for each image, made in the image's own stack")
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "codebuild:BatchGetBuilds",
                    "codebuild:BatchGetProjects",
                    "codebuild:ListBuildsForProject",
                    "codebuild:StartBuild",
                    "codebuild:StopBuild",
                ],
                resources=[projects],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["logs:GetLogEvents"], resources=[log_group.log_group_arn])
        )
        return role

    def _function(
        self, construct_id: str, entry: str, description: str, project_prefix: str
    ) -> lambda_.Function:
        return lambda_.Function(
            self,
            construct_id,
            description=description,
            runtime=function_runtime(),
            architecture=lambda_.Architecture.ARM_64,
            handler=f"index.{entry}",
            code=function_code("remote_builds"),
            environment={"PROJECT_PREFIX": project_prefix},
            memory_size=256,
            # A start is tried for a minute while the rights of a new role spread, and each call of AWS for another.
            timeout=Duration.minutes(5),
            role=self._role,
            log_group=self._log_group,
        )
