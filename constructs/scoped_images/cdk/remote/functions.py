"""The functions behind the custom resource of remotely built images, one pair for each builder."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack, custom_resources
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from scoped_images.cdk.function_code import function_code
from scoped_images.cdk.remote.findings import acknowledge_functions, acknowledge_wildcard
from scoped_images.ecr.address import RepositoryAddress

# Of the provider beyond the build's own time: the build is stopped first, and told of.
_GRACE_MINUTES = 3
_POLL_SECONDS = 10


class RemoteFunctions(Construct):
    """Start and poll, by CDK's provider framework: Step Functions waits in between, and no function does.

    service_token: what custom resources name.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        role_path: str,
        projects: Sequence[codebuild.Project],
        log_groups: Sequence[logs.LogGroup],
        minutes: int,
    ) -> None:
        """Make functions, log group and provider.

        prefix: of physical names.
        role_path: of the roles that builds run with; these functions may hand on no others.
        """
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self._log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        self._role = self._function_role(role_path, projects, log_groups)
        name = f"{prefix}-builds"
        on_event = self._function("OnEvent", "on_event", "Starts builds of container images")
        is_complete = self._function("IsComplete", "is_complete", "Looks after builds of container images")
        self.provider = custom_resources.Provider(
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
        acknowledge_functions(self.provider, [on_event, is_complete])
        self.service_token = stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self._served: set[str] = set()

    def serve(self, *, repository: RepositoryAddress, stack: Stack) -> None:
        """Let the functions look for images in a repository, and at the status of a stack.

        Here, and not by a policy in the image's stack: a role's own policies take 10,240 characters altogether,
        and CDK splits the ones of its own stack before they come to that.
        """
        mine = Stack.of(self)
        images = mine.format_arn(service="ecr", resource="repository", resource_name=repository.name)
        deploys = mine.format_arn(
            service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*"
        )
        for arn, actions in (
            (images, ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:PutImage"]),
            (deploys, ["cloudformation:DescribeStacks"]),
        ):
            if arn not in self._served:
                self._served.add(arn)
                self._role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[arn]))
        acknowledge_wildcard(self._role, deploys, "CloudFormation ends a stack's ARN with an id of its own")

    def _function_role(
        self, role_path: str, projects: Sequence[codebuild.Project], log_groups: Sequence[logs.LogGroup]
    ) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="Starts, watches and stops builds of container images",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        self._log_group.grant_write(role)
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"],
                resources=[project.project_arn for project in projects],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:GetLogEvents"], resources=[group.log_group_arn for group in log_groups]
            )
        )
        build_roles = Stack.of(self).format_arn(
            service="iam", region="", resource="role", resource_name=f"{role_path[1:]}*"
        )
        acknowledge_wildcard(role, build_roles, "one role for each image, made in the image's own stack")
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[build_roles],
                conditions={"StringEquals": {"iam:PassedToService": "codebuild.amazonaws.com"}},
            )
        )
        return role

    def _function(self, construct_id: str, entry: str, description: str) -> lambda_.Function:
        with function_code("remote_builds") as code:
            return lambda_.Function(
                self,
                construct_id,
                description=description,
                runtime=lambda_.Runtime.PYTHON_3_14,
                architecture=lambda_.Architecture.ARM_64,
                handler=f"index.{entry}",
                code=code,
                memory_size=256,
                # A start is tried for a minute while the rights of a new role spread, and each call of AWS for another.
                timeout=Duration.minutes(5),
                role=self._role,
                log_group=self._log_group,
            )
