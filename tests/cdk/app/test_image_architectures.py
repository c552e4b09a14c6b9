"""What runs an image has its architecture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sam as sam
from aws_cdk.assertions import Match, Template
from constructs import Construct

from scoped_images import Platform, ScopedImage
from tests.cdk.image_users import function_of, task_of, uri
from tests.cdk.small_app import BOTH, PLACE, SmallApp, errors

FARGATE: dict[str, Any] = {"type": "container", "platform_capabilities": ["FARGATE"]}


def jobs_of(scope: Construct, image: ScopedImage) -> None:
    """One job of each form that Fargate runs: two of the plain resource, one of CDK's own construct."""
    job = batch.CfnJobDefinition
    container = job.ContainerPropertiesProperty(image=uri(image))
    job(scope, "One", **FARGATE, container_properties=container)
    task = job.EcsTaskPropertiesProperty(containers=[job.TaskContainerPropertiesProperty(image=uri(image))])
    job(scope, "Several", **FARGATE, ecs_properties=job.EcsPropertiesProperty(task_properties=[task]))
    batch.EcsJobDefinition(
        scope,
        "Stock",
        container=batch.EcsFargateContainerDefinition(
            scope, "Container", image=image.to_container_image(), cpu=1, memory=cdk.Size.gibibytes(2)
        ),
    )


def architectures_in(stack: cdk.Stack) -> list[str]:
    """Every architecture that a template sets, but for functions without an image, such as the library's own."""
    resources = Template.from_stack(stack).to_json()["Resources"].values()
    text = json.dumps([each for each in resources if "Handler" not in each.get("Properties", {})])
    return sorted(re.findall(r'"(?:Architectures|RuntimePlatform)": (\[.*?\]|\{.*?\})', text))


@pytest.mark.parametrize(
    ("platform", "architecture", "pin_digest"),
    [("linux/arm64", "ARM64", False), ("linux/amd64", "X86_64", True)],
    ids=["by its tag", "by its digest"],
)
def test_functions_tasks_and_jobs_get_the_architecture_of_their_image(
    small_app: SmallApp, platform: str, architecture: str, pin_digest: bool
) -> None:
    stack = small_app.stack("App")
    image = small_app.image(stack, platform=Platform(platform), pin_digest=pin_digest)
    function_of(stack, image)
    sam.CfnFunction(stack, "Serverless", package_type="Image", image_uri=uri(image))
    task_of(stack, image)
    jobs_of(stack, image)
    functions = [f'["{architecture.lower()}"]'] * 2
    tasks = [f'{{"CpuArchitecture": "{architecture}", "OperatingSystemFamily": "LINUX"}}'] * 4
    assert architectures_in(stack) == functions + tasks
    assert errors(stack) == []


def test_what_runs_no_image_and_jobs_on_instances_do_not_change(small_app: SmallApp) -> None:
    """Batch refuses runtimePlatform outside of Fargate."""
    stack = small_app.stack("App")
    container = batch.CfnJobDefinition.ContainerPropertiesProperty(image=uri(small_app.image(stack)))
    batch.CfnJobDefinition(stack, "Job", type="container", container_properties=container)
    code = lambda_.Code.from_inline("def handler(e, c): pass")
    lambda_.Function(stack, "Zip", runtime=lambda_.Runtime.PYTHON_3_13, handler="index.handler", code=code)
    assert architectures_in(stack) == []
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function", {"Code": {"ZipFile": Match.any_value()}, "Architectures": Match.absent()}
    )


def test_images_of_one_id_in_two_stacks_keep_their_platforms_in_a_stage_too(small_app: SmallApp) -> None:
    stacks = [small_app.stack("One"), cdk.Stack(cdk.Stage(small_app.app, "Stage", env=PLACE), "Two")]
    for stack, platform in zip(stacks, Platform, strict=True):
        function_of(stack, small_app.image(stack, platform=platform, pin_digest=True))
    for stack, architecture in zip(stacks, ("x86_64", "arm64"), strict=True):
        Template.from_stack(stack).has_resource_properties(
            "AWS::Lambda::Function", {"PackageType": "Image", "Architectures": [architecture]}
        )


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (
            "Lambda::Function",
            "Architectures: its image is built for linux/arm64, got no value; set ['arm64']",
        ),
        (
            "AppRunner::Service",
            "AWS::AppRunner::Service runs linux/amd64 only, got an image for linux/arm64; build it for linux/amd64",
        ),
    ],
)
def test_a_plain_resource_of_another_architecture_is_an_error(
    small_app: SmallApp, resource: str, message: str
) -> None:
    """Of a plain resource nobody can see whether an override sets the property already."""
    stack = small_app.stack("App")
    image = uri(small_app.image(stack))
    properties = {"Code": {"ImageUri": image}, "SourceConfiguration": {"ImageIdentifier": image}}
    cdk.CfnResource(stack, "Run", type=f"AWS::{resource}", properties=properties)
    assert errors(stack) == [f"App/Run: {message}"]


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


def task_of_two_platforms(small_app: SmallApp, stack: cdk.Stack) -> None:
    task = ecs.FargateTaskDefinition(stack, "Task")
    for name, platform in zip(("one", "two"), Platform, strict=True):
        image = small_app.image(stack, name, platform=platform)
        task.add_container(f"{name}-container", image=image.to_container_image())


def index_of(small_app: SmallApp, stack: cdk.Stack) -> ScopedImage:
    return small_app.image(stack, platforms=BOTH, repository=small_app.repository("app-dev"))


def task_of_an_index(small_app: SmallApp, stack: cdk.Stack) -> None:
    arm = ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.ARM64)
    task_of(stack, index_of(small_app, stack), runtime_platform=arm)


def function_of_an_index(small_app: SmallApp, stack: cdk.Stack) -> None:
    image = index_of(small_app, stack)
    code = lambda_.DockerImageCode.from_ecr(image.repository, tag_or_digest=image.tag)
    lambda_.DockerImageFunction(stack, "Function", code=code)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (task_of_an_index, []),
        (
            task_of_two_platforms,
            [
                "App/Task/Resource: all its images must run on one architecture, got images for linux/amd64 and "
                "linux/arm64; build them for the same platform"
            ],
        ),
        (
            function_of_an_index,
            [
                "App/Function/Resource: Lambda takes an image of one platform, got an index over several; make the code "
                "with to_lambda_code(platform=…)"
            ],
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_of_several_platforms_one_must_fit(
    small_app: SmallApp, make: Callable[[SmallApp, cdk.Stack], None], found: list[str]
) -> None:
    stack = small_app.stack("App")
    make(small_app, stack)
    assert errors(stack) == found
