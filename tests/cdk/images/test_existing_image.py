"""Images that the app does not make."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template

from scoped_images import ExistingImage, Platform, ScopedImagesError
from tests.cdk.image_users import properties_of, waits_for
from tests.cdk.registry_resources import looked_up
from tests.cdk.small_app import PLACE, REGISTRY, SmallApp, errors

THERE = "222222222222.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = f"sha256:{'1' * 64}"
IMAGE = {"PackageType": "Image"}


def function_of(scope: cdk.Stack, image: ExistingImage, **options: Any) -> None:
    lambda_.DockerImageFunction(scope, "Function", code=image.to_lambda_code(**options))


def task_of(scope: cdk.Stack, image: ExistingImage) -> None:
    ecs.FargateTaskDefinition(scope, "Task").add_container("app", image=image.to_container_image())


@pytest.mark.parametrize(
    ("uri", "options", "runs"),
    [
        (f"{REGISTRY}/upload:v1", {}, "/upload:v1"),
        (f"{THERE}/upload@{DIGEST}", {}, f"/upload@{DIGEST}"),
        (f"{REGISTRY}/upload:v1", {"pin_digest": True}, "/upload@sha256:"),
    ],
    ids=["tag", "digest of another account", "looked up"],
)
def test_functions_and_containers_run_an_image_by_its_uri(
    small_app: SmallApp, uri: str, options: dict[str, Any], runs: str
) -> None:
    stack = small_app.stack("App")
    image = ExistingImage(stack, "Image", uri, platform=Platform.LINUX_ARM64, **options)
    function_of(stack, image, cmd=["app.handler"])
    task_of(stack, image)
    cdk.CfnOutput(stack, "Uri", value=image.uri)
    template = Template.from_stack(stack)
    functions = template.find_resources("AWS::Lambda::Function", {"Properties": IMAGE}).values()
    (function,) = (each["Properties"] for each in functions)
    (container,) = properties_of(stack, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    (output,) = template.find_outputs("*").values()
    assert function["Architectures"] == ["arm64"]
    assert function["ImageConfig"]["Command"] == ["app.handler"]
    for place in (function["Code"]["ImageUri"], container["Image"], output["Value"]):
        assert runs in json.dumps(place)
        assert uri[:12] in json.dumps(place)
    assert [each["ImageTag"] for each in looked_up(template)] == (["v1"] if options else [])
    assert errors(stack) == []


@pytest.mark.parametrize("uri", [f"{REGISTRY}/upload:v1", f"{THERE}/upload@{DIGEST}"], ids=["tag", "digest"])
def test_what_runs_an_existing_image_in_another_stack_or_stage_waits_for_none(
    small_app: SmallApp, uri: str
) -> None:
    image = ExistingImage(small_app.stack("Holds"), "Image", uri, platform=Platform.LINUX_ARM64)
    stage = cdk.Stage(small_app.app, "Stage", env=PLACE)
    stacks = (small_app.stack("Runs"), cdk.Stack(stage, "Runs"))
    for stack in stacks:
        function_of(stack, image)
    for stack in stacks:
        assert errors(stack) == []
        Template.from_stack(stack).has_resource_properties(
            "AWS::Lambda::Function", {"Architectures": ["arm64"]}
        )
    assert waits_for(small_app, "Runs") == set()


def test_an_existing_image_sets_no_architecture_of_an_image_whose_name_contains_its_tag(
    small_app: SmallApp,
) -> None:
    stack = small_app.stack("App")
    ExistingImage(stack, "Image", f"{REGISTRY}/upload:v1", platform=Platform.LINUX_ARM64)
    function_of(stack, ExistingImage(stack, "Other", f"{REGISTRY}/upload:v1.2"))
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function", {**IMAGE, "Architectures": Match.absent()}
    )
    assert errors(stack) == []


def test_a_container_runs_an_image_of_any_registry(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    task_of(
        stack, ExistingImage(stack, "Image", "public.ecr.aws/nginx/nginx:1.27", platform=Platform.LINUX_ARM64)
    )
    (container,) = properties_of(stack, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert container["Image"] == "public.ecr.aws/nginx/nginx:1.27"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda stack: ExistingImage(stack, "I", "python:3.13").to_lambda_code(),
            "uri: Lambda takes images of ECR only, got 'python:3.13' for 'App/I'; copy the image to ECR, or pull it "
            "through a PullThroughCache",
        ),
        (
            lambda stack: ExistingImage(stack, "I", "python:3.13", pin_digest=True),
            "pin_digest: digests are looked up in ECR of the stack's region eu-west-1, got 'python:3.13' for 'App/I'; "
            "write the digest into the URI, …@sha256:…",
        ),
        (
            lambda stack: ExistingImage(
                stack, "I", f"{cdk.Aws.ACCOUNT_ID}.dkr.ecr.eu-west-1.amazonaws.com/x"
            ),
            "uri of 'App/I': images are built before CloudFormation knows tokens, got",
        ),
        (
            lambda stack: ExistingImage(stack, "I", "Upper:1"),
            "uri of 'App/I': 'Upper:1' is not the name of an image; write it like",
        ),
    ],
    ids=["registry", "pin", "token", "name"],
)
def test_a_mistake_is_named(small_app: SmallApp, make: Callable[[cdk.Stack], object], message: str) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        make(small_app.stack("App"))
    assert str(caught.value).startswith(message)
