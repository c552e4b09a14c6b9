"""What runs an image has its architecture."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from scoped_images import Platform
from tests.cdk.image_users import (
    BOTH,
    ROLE,
    Make,
    agent,
    ec2_job,
    ecs_job,
    errors,
    fargate_job,
    function_of,
    image_in,
    project,
    properties_of,
    sam_function,
    service,
    uri,
)
from tests.cdk.small_app import SmallApp


@pytest.mark.parametrize("make", [fargate_job, ecs_job])
def test_a_fargate_job_gets_the_architecture_of_its_image(small_app: SmallApp, make: Make) -> None:
    stack = small_app.stack("App")
    make(stack, uri(image_in(small_app, stack)))
    found = json.dumps(properties_of(stack, "AWS::Batch::JobDefinition"))
    assert '"RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}' in found
    assert errors(stack) == []


def test_a_job_of_cdk_s_own_construct_gets_it_too(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    container = batch.EcsFargateContainerDefinition(
        stack,
        "Container",
        image=image_in(small_app, stack).to_container_image(),
        cpu=1,
        memory=cdk.Size.gibibytes(2),
    )
    batch.EcsJobDefinition(stack, "Job", container=container)
    found = properties_of(stack, "AWS::Batch::JobDefinition")["ContainerProperties"]["RuntimePlatform"]
    assert found == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}


def test_a_job_on_instances_gets_none_since_they_decide(small_app: SmallApp) -> None:
    """Batch refuses runtimePlatform outside of Fargate."""
    stack = small_app.stack("App")
    ec2_job(stack, uri(image_in(small_app, stack)))
    assert "RuntimePlatform" not in json.dumps(properties_of(stack, "AWS::Batch::JobDefinition"))


def test_a_sam_function_gets_the_architecture_of_its_image(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    sam_function(stack, uri(image_in(small_app, stack)))
    assert properties_of(stack, "AWS::Serverless::Function")["Architectures"] == ["arm64"]


def raw_function(scope: Construct, image: str) -> Any:
    properties = {"Code": {"ImageUri": image}, "PackageType": "Image", "Role": ROLE}
    return cdk.CfnResource(scope, "Run", type="AWS::Lambda::Function", properties=properties)


def x86_project(scope: Construct, image: str) -> Any:
    return project(scope, image, "LINUX_LAMBDA_CONTAINER")


def arm_project(scope: Construct, image: str) -> Any:
    return project(scope, image)


def x86_job(scope: Construct, image: str) -> Any:
    job = fargate_job(scope, image)
    job.add_property_override("ContainerProperties.RuntimePlatform.CpuArchitecture", "X86_64")
    return job


@pytest.mark.parametrize(
    ("make", "platform", "message"),
    [
        (
            raw_function,
            "linux/arm64",
            "Architectures: its image is built for linux/arm64, got no value; set ['arm64']",
        ),
        (
            x86_project,
            "linux/arm64",
            "Environment.Type: its image is built for linux/arm64, got LINUX_LAMBDA_CONTAINER; set ARM_LAMBDA_CONTAINER",
        ),
        (
            arm_project,
            "linux/amd64",
            "Environment.Type: its image is built for linux/amd64, got ARM_CONTAINER; set LINUX_CONTAINER",
        ),
        (
            service,
            "linux/arm64",
            "AWS::AppRunner::Service runs linux/amd64 only, got an image for linux/arm64; build it for linux/amd64",
        ),
        (
            agent,
            "linux/amd64",
            "AWS::BedrockAgentCore::Runtime runs linux/arm64 only, got an image for linux/amd64; build it for "
            "linux/arm64",
        ),
    ],
)
def test_another_architecture_than_the_image_s_is_an_error(
    small_app: SmallApp, make: Make, platform: str, message: str
) -> None:
    stack = small_app.stack("App")
    make(stack, uri(image_in(small_app, stack, platform=Platform(platform))))
    assert [error.partition(": ")[2] for error in errors(stack)] == [message]


@jsii.implements(cdk.IAspect)
class Late:
    """Comes after every other aspect, and sets another architecture."""

    def visit(self, node: Any) -> None:
        if isinstance(node, lambda_.CfnFunction) and node.package_type == "Image":
            node.architectures = ["x86_64"]


@pytest.mark.parametrize("way", ["override", "aspect"])
def test_what_overrides_and_late_aspects_set_is_seen(small_app: SmallApp, way: str) -> None:
    stack = small_app.stack("App")
    function = function_of(stack, image_in(small_app, stack))
    if way == "override":
        resource = function.node.default_child
        assert isinstance(resource, cdk.CfnResource)
        resource.add_property_override("Architectures", ["x86_64"])
    else:
        cdk.Aspects.of(small_app.app).add(Late(), priority=cdk.AspectPriority.READONLY)
    assert errors(stack) == [
        "App/Function/Resource: Architectures: its image is built for linux/arm64, got ['x86_64']; set ['arm64']"
    ]


def test_a_task_that_runs_one_platform_of_an_index_is_no_error(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    image = image_in(small_app, stack, platform=None, platforms=BOTH, repository=repository)
    arm = ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.ARM64)
    task = ecs.FargateTaskDefinition(stack, "Task", runtime_platform=arm)
    task.add_container("app", image=image.to_container_image())
    assert errors(stack) == []
