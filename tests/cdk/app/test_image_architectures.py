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
from aws_cdk.assertions import Match, Template
from constructs import Construct

from scoped_images import Platform
from tests.cdk.image_users import (
    ROLE,
    Make,
    agent,
    ec2_job,
    ecs_job,
    fargate_job,
    function_of,
    project,
    properties_of,
    sam_function,
    service,
    task_of,
    uri,
)
from tests.cdk.small_app import BOTH, PLACE, SmallApp, errors


@pytest.mark.parametrize(("platform", "architecture"), [("linux/arm64", "ARM64"), ("linux/amd64", "X86_64")])
def test_functions_and_tasks_get_the_architecture_of_their_image(
    small_app: SmallApp, platform: str, architecture: str
) -> None:
    """By its tag, and by its digest, which only CloudFormation knows."""
    stack = small_app.stack("App")
    for name, pinned in (("Tagged", False), ("Pinned", True)):
        scope = Construct(stack, name)
        image = small_app.image(scope, platform=Platform(platform), pin_digest=pinned)
        function_of(scope, image)
        task_of(scope, image)
    template = Template.from_stack(stack)
    functions = template.find_resources("AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}})
    tasks = template.find_resources("AWS::ECS::TaskDefinition")
    assert [each["Properties"]["Architectures"] for each in functions.values()] == [
        [architecture.lower()],
        [architecture.lower()],
    ]
    assert [each["Properties"]["RuntimePlatform"] for each in tasks.values()] == [
        {"CpuArchitecture": architecture, "OperatingSystemFamily": "LINUX"},
        {"CpuArchitecture": architecture, "OperatingSystemFamily": "LINUX"},
    ]


def test_functions_of_other_code_do_not_change(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    small_app.image(stack)
    code = lambda_.Code.from_inline("def handler(e, c): pass")
    lambda_.Function(stack, "Zip", runtime=lambda_.Runtime.PYTHON_3_13, handler="index.handler", code=code)
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function", {"Code": {"ZipFile": Match.any_value()}, "Architectures": Match.absent()}
    )


def test_the_architecture_is_set_in_a_stage_too(small_app: SmallApp) -> None:
    stack = cdk.Stack(cdk.Stage(small_app.app, "Stage", env=PLACE), "App")
    function_of(stack, small_app.image(stack))
    Template.from_stack(stack).has_resource_properties("AWS::Lambda::Function", {"Architectures": ["arm64"]})


def test_images_of_one_id_in_two_stacks_keep_their_platforms(small_app: SmallApp) -> None:
    stacks = [small_app.stack("One"), small_app.stack("Two")]
    for stack, platform in zip(stacks, Platform, strict=True):
        function_of(stack, small_app.image(stack, platform=platform, pin_digest=True))
    for stack, architecture in zip(stacks, ("x86_64", "arm64"), strict=True):
        Template.from_stack(stack).has_resource_properties(
            "AWS::Lambda::Function", {"PackageType": "Image", "Architectures": [architecture]}
        )


@pytest.mark.parametrize("make", [fargate_job, ecs_job])
def test_a_fargate_job_gets_the_architecture_of_its_image(small_app: SmallApp, make: Make) -> None:
    stack = small_app.stack("App")
    make(stack, uri(small_app.image(stack)))
    found = json.dumps(properties_of(stack, "AWS::Batch::JobDefinition"))
    assert '"RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}' in found
    assert errors(stack) == []


def test_a_job_of_cdk_s_own_construct_gets_it_too(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    container = batch.EcsFargateContainerDefinition(
        stack,
        "Container",
        image=small_app.image(stack).to_container_image(),
        cpu=1,
        memory=cdk.Size.gibibytes(2),
    )
    batch.EcsJobDefinition(stack, "Job", container=container)
    found = properties_of(stack, "AWS::Batch::JobDefinition")["ContainerProperties"]["RuntimePlatform"]
    assert found == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}


def test_a_job_on_instances_gets_none_since_they_decide(small_app: SmallApp) -> None:
    """Batch refuses runtimePlatform outside of Fargate."""
    stack = small_app.stack("App")
    ec2_job(stack, uri(small_app.image(stack)))
    assert "RuntimePlatform" not in json.dumps(properties_of(stack, "AWS::Batch::JobDefinition"))


def test_a_sam_function_gets_the_architecture_of_its_image(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    sam_function(stack, uri(small_app.image(stack)))
    assert properties_of(stack, "AWS::Serverless::Function")["Architectures"] == ["arm64"]


def raw_function(scope: Construct, image: str) -> Any:
    properties = {"Code": {"ImageUri": image}, "PackageType": "Image", "Role": ROLE}
    return cdk.CfnResource(scope, "Run", type="AWS::Lambda::Function", properties=properties)


def x86_project(scope: Construct, image: str) -> Any:
    return project(scope, image, "LINUX_LAMBDA_CONTAINER")


def arm_project(scope: Construct, image: str) -> Any:
    return project(scope, image)


def x86_job(scope: Construct, image: str) -> Any:
    x86 = batch.CfnJobDefinition.RuntimePlatformProperty(cpu_architecture="X86_64")
    return fargate_job(scope, image, runtime_platform=x86)


def x86_task(scope: Construct, image: str) -> Any:
    x86 = ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.X86_64)
    task = ecs.FargateTaskDefinition(scope, "Run", runtime_platform=x86)
    return task.add_container("app", image=ecs.ContainerImage.from_registry(image))


@pytest.mark.parametrize(
    ("make", "platform", "message"),
    [
        (
            raw_function,
            "linux/arm64",
            "Architectures: its image is built for linux/arm64, got no value; set ['arm64']",
        ),
        (
            x86_task,
            "linux/arm64",
            "RuntimePlatform.CpuArchitecture: its image is built for linux/arm64, got X86_64; set ARM64",
        ),
        (
            x86_job,
            "linux/arm64",
            "ContainerProperties.RuntimePlatform.CpuArchitecture: its image is built for linux/arm64, got X86_64; set "
            "ARM64",
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
    make(stack, uri(small_app.image(stack, platform=Platform(platform))))
    assert [error.partition(": ")[2] for error in errors(stack)] == [message]


@jsii.implements(cdk.IAspect)
class Late:
    """Comes after every other aspect, and sets another architecture."""

    def visit(self, node: Any) -> None:
        if isinstance(node, lambda_.CfnFunction) and node.package_type == "Image":
            node.architectures = ["x86_64"]


@pytest.mark.parametrize("way", ["argument", "override", "aspect"])
def test_what_arguments_overrides_and_late_aspects_set_is_seen(small_app: SmallApp, way: str) -> None:
    stack = small_app.stack("App")
    given = {"architecture": lambda_.Architecture.X86_64} if way == "argument" else {}
    function = function_of(stack, small_app.image(stack), **given)
    if way == "override":
        resource = function.node.default_child
        assert isinstance(resource, cdk.CfnResource)
        resource.add_property_override("Architectures", ["x86_64"])
    elif way == "aspect":
        cdk.Aspects.of(small_app.app).add(Late(), priority=cdk.AspectPriority.READONLY)
    assert errors(stack) == [
        "App/Function/Resource: Architectures: its image is built for linux/arm64, got ['x86_64']; set ['arm64']"
    ]


def test_a_task_that_runs_one_platform_of_an_index_is_no_error(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image = small_app.image(stack, platforms=BOTH, repository=small_app.repository("app-dev"))
    task_of(stack, image, runtime_platform=ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.ARM64))
    assert errors(stack) == []


def test_a_task_of_images_for_two_platforms_is_an_error(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    task = ecs.FargateTaskDefinition(stack, "Task")
    for name, platform in zip(("one", "two"), Platform, strict=True):
        image = small_app.image(stack, name, platform=platform)
        task.add_container(f"{name}-container", image=image.to_container_image())
    assert errors(stack) == [
        "App/Task/Resource: all its images must run on one architecture, got images for linux/amd64 and linux/arm64; "
        "build them for the same platform"
    ]


def test_an_index_as_a_function_s_code_is_an_error(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image = small_app.image(stack, platforms=BOTH, repository=small_app.repository("app-dev"))
    code = lambda_.DockerImageCode.from_ecr(image.repository, tag_or_digest=image.tag)
    lambda_.DockerImageFunction(stack, "Function", code=code)
    assert errors(stack) == [
        "App/Function/Resource: Lambda takes an image of one platform, got an index over several; make the code with "
        "to_lambda_code(platform=…)"
    ]
