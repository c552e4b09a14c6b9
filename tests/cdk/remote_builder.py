"""Stacks with remote builds, and what their templates say."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template
from constructs import Construct

from scoped_images import (
    Platform,
    RemoteBuilder,
    ScopedImage,
)
from tests.cdk.small_app import SmallApp

REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
BUILD = "Custom::ScopedImagesRemoteBuild"
PROJECT = "AWS::CodeBuild::Project"


def builder_in(stack: cdk.Stack, **options: Any) -> RemoteBuilder:
    return RemoteBuilder(stack, "Builder", environment_name="dev", **options)


def image_in(small_app: SmallApp, scope: Construct, builder: RemoteBuilder, **options: Any) -> ScopedImage:
    options.setdefault("repository", None)
    if options["repository"] is None:
        options["repository"] = small_app.repository("app-dev")
    given = {"context": small_app.context("app"), "platform": Platform.LINUX_ARM64, "builder": builder}
    return ScopedImage(scope, "Image", **{**given, **options})


def project_of(stack: cdk.Stack) -> dict[str, Any]:
    """Properties of the one project of a stack."""
    (resource,) = Template.from_stack(stack).find_resources(PROJECT).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def commands_of(stack: cdk.Stack) -> str:
    """The commands of the one project of a stack, a line each."""
    buildspec = plain(project_of(stack)["Source"]["BuildSpec"])
    return "\n".join(
        command for phase in json.loads(buildspec)["phases"].values() for command in phase["commands"]
    )


def variables_of(stack: cdk.Stack) -> dict[str, Any]:
    """Value by name of the variables of the one project of a stack."""
    return {each["Name"]: each["Value"] for each in project_of(stack)["Environment"]["EnvironmentVariables"]}


def build_of(stack: cdk.Stack) -> dict[str, Any]:
    """Properties of the one remote build of a stack."""
    (resource,) = Template.from_stack(stack).find_resources(BUILD).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def statements(stack: cdk.Stack, role_id: str) -> dict[str, Any]:
    """Resources by actions of the role whose logical id begins so."""
    found: dict[str, Any] = {}
    for policy in Template.from_stack(stack).find_resources("AWS::IAM::Policy").values():
        if all(role["Ref"].startswith(role_id) for role in policy["Properties"]["Roles"]):
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                found[actions if isinstance(actions, str) else " ".join(actions)] = plain(
                    statement["Resource"]
                )
    return found


def plain(value: Any) -> Any:
    """An intrinsic function as text, near enough to read."""
    if isinstance(value, dict) and "Fn::Join" in value:
        return "".join(plain(part) for part in value["Fn::Join"][1])
    if isinstance(value, dict) and "Ref" in value:
        return "aws" if value["Ref"] == "AWS::Partition" else f"<{value['Ref']}>"
    if isinstance(value, dict) and "Fn::Sub" in value:
        return value["Fn::Sub"]
    return [plain(each) for each in value] if isinstance(value, list) else value
