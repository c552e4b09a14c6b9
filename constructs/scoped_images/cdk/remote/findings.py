"""What cdk-nag finds in remote builds, and why each finding stays."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Aws
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct

from scoped_images.cdk.annotations import acknowledge
from scoped_images.cdk.place import stack_of


def acknowledge_functions(provider: IConstruct, functions: Iterable[lambda_.Function]) -> None:
    """Acknowledge what cdk-nag finds in CDK's provider framework."""
    stack = stack_of(provider)
    managed = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    acknowledge(
        provider,
        f"IAM4[Policy::{managed}]",
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
            provider, f"<{logical_id}.Arn>:*", "versions of one function: CDK's provider framework grants so"
        )
    for rule, what in (("SF1", "logs"), ("SF2", "traces")):
        acknowledge(provider, f"{rule}", f"it only polls, and what it polls has {what} of its own")


def acknowledge_wildcard(construct: IConstruct, resource: str, reason: str) -> None:
    """Acknowledge a wildcard in a policy; the partition of an ARN is a parameter of CloudFormation's."""
    named = resource.replace(f"arn:{Aws.PARTITION}:", "arn:<AWS::Partition>:")
    acknowledge(construct, f"IAM5[Resource::{named}]", reason)


def acknowledge_project(project: codebuild.Project, *, in_vpc: bool) -> None:
    """Acknowledge what cdk-nag finds in the project of an image."""
    if in_vpc:
        interfaces = "arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:network-interface/*"
        for resource in ("*", interfaces):
            acknowledge_wildcard(
                project, resource, "CDK's own policy, which no role has and no template holds"
            )
    acknowledge(project, "CB4", "it keeps no artifact: its output is an image, which the repository encrypts")
