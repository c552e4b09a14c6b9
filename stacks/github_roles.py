"""The roles that GitHub Actions assumes, deployed once per account by a person: `python -m stacks.github_roles`."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import CfnOutput, DefaultStackSynthesizer, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from scoped_images import ScopedImagesError
from stacks.environment import AppEnvironment
from stacks.github_subject import GitHubSubject

ISSUER = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"
DEPLOY = ("deploy", "file-publishing", "image-publishing", "lookup")
READ = ("lookup",)


class GitHubRole(Construct):
    """A role that runs of one subject assume without a stored secret, and which may only assume roles of `cdk bootstrap`.

    What CloudFormation may do is decided by the execution role of `cdk bootstrap`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, subject: GitHubSubject, bootstrap_roles: Sequence[str]
    ) -> None:
        """Trust exactly `subject`. bootstrap_roles: of DEPLOY, in the stack's account and region."""
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        qualifier = stack.node.try_get_context("@aws-cdk/core:bootstrapQualifier")
        qualifier = qualifier or DefaultStackSynthesizer.DEFAULT_QUALIFIER
        self.role = iam.Role(
            self,
            "Resource",
            description=f"GitHub Actions: {subject}",
            assumed_by=iam.WebIdentityPrincipal(
                stack.format_arn(service="iam", region="", resource="oidc-provider", resource_name=ISSUER),
                {"StringEquals": {f"{ISSUER}:aud": _AUDIENCE}, "StringLike": {f"{ISSUER}:sub": str(subject)}},
            ),
            max_session_duration=Duration.hours(1),
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["sts:AssumeRole"],
                resources=[
                    stack.format_arn(
                        service="iam",
                        region="",
                        resource="role",
                        resource_name=f"cdk-{qualifier}-{name}-role-{stack.account}-{stack.region}",
                    )
                    for name in bootstrap_roles
                ],
            )
        )
        CfnOutput(self, "Arn", value=self.role.role_arn)


class GitHubRolesStack(Stack):
    """What a repository needs to deploy one environment, and to compare pull requests with it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: AppEnvironment,
        repository: str,
        branch: str | None,
        provider_exists: bool,
    ) -> None:
        place = cdk.Environment(account=environment.account, region=environment.region)
        super().__init__(scope, construct_id, env=place, termination_protection=True)
        deploy = GitHubRole(
            self,
            "Deploy",
            subject=GitHubSubject(repository=repository, environment=environment.name, branch=branch),
            bootstrap_roles=DEPLOY,
        )
        diff = GitHubRole(
            self,
            "Diff",
            subject=GitHubSubject(repository=repository, has_ref=branch is not None),
            bootstrap_roles=READ,
        )
        if not provider_exists:
            provider = iam.CfnOIDCProvider(
                self, "Provider", url=f"https://{ISSUER}", client_id_list=[_AUDIENCE]
            )
            for role in (deploy, diff):
                role.node.add_dependency(provider)


def main() -> None:
    """Synthesize the roles of `-c env=` for `-c repository=owner/name`."""
    app = cdk.App()
    context = app.node.try_get_context
    environment = AppEnvironment.read(context("environments"), context("env") or "dev")
    repository = context("repository")
    if not isinstance(repository, str):
        raise ScopedImagesError(
            f"repository: must be owner/name, got {repository!r}; pass -c repository=owner/name"
        )
    GitHubRolesStack(
        app,
        f"receipts-{environment.name}-github",
        environment=environment,
        repository=repository,
        branch=context("branch") or None,
        provider_exists=context("provider") == "exists",
    )
    app.synth()


if __name__ == "__main__":
    main()
