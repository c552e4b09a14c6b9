"""What cdk-nag finds in remote builds, and why each finding stays."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Acknowledgment, ArnFormat, Aws, Stack, Validations
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct


def acknowledge_functions(provider: IConstruct, functions: Iterable[lambda_.Function]) -> None:
    """Of CDK's provider framework."""
    stack = Stack.of(provider)
    managed = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    _acknowledge_id(
        provider,
        f"AwsSolutions-IAM4[Policy::{managed}]",
        "CDK's provider framework makes its functions so; the policy lets them write logs",
    )
    framework = [
        child
        for child in provider.node.find_all()
        if isinstance(child, lambda_.Function) and child.node.id.startswith("framework-")
    ]
    for function in (*functions, *framework):
        logical_id = stack.resolve(function.function_arn)["Fn::GetAtt"][0]
        acknowledge_wildcard(
            provider,
            f"<{logical_id}.Arn>:*",
            "versions of one function: CDK's provider framework grants so",
        )
    for rule, what in (("SF1", "logs"), ("SF2", "traces")):
        _acknowledge_id(
            provider,
            f"AwsSolutions-{rule}",
            f"it only polls, and what it polls has {what} of its own",
        )


def acknowledge_wildcard(construct: IConstruct, resource: str, reason: str) -> None:
    """A wildcard in a policy; an ARN of this account has a partition as CloudFormation's parameter."""
    named = resource.replace(f"arn:{Aws.PARTITION}:", "arn:<AWS::Partition>:")
    _acknowledge_id(construct, f"AwsSolutions-IAM5[Resource::{named}]", reason)


def acknowledge_project(project: codebuild.Project, *, in_vpc: bool) -> None:
    """Of a CodeBuild project, and of what CDK grants its role for a VPC."""
    if in_vpc:
        stack, builder = Stack.of(project), project.node.scope
        assert builder is not None, "a project is in its builder"
        logical_id = stack.resolve(project.project_name)["Ref"]
        for resource in (
            "*",
            "arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:network-interface/*",
            stack.format_arn(
                service="logs",
                resource="log-group",
                resource_name=f"/aws/codebuild/<{logical_id}>:*",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
        ):
            acknowledge_wildcard(
                builder, resource, "CDK grants so to a project in a VPC, whose role runs no build"
            )
    _acknowledge_id(
        project,
        "AwsSolutions-CB4",
        "it keeps no artifact: its output is an image, which the repository encrypts",
    )


def _acknowledge_id(construct: IConstruct, finding: str, reason: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions::{finding}", reason=reason))
