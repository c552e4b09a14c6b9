"""One image feeds stock functions and task definitions, whose architecture follows it."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Annotations, Match, Template

from scoped_images import Platform, RegistryCache, ScopedImage, ScopedImagesError


def image_in(small_app: Any, stack: cdk.Stack, **options: Any) -> ScopedImage:
    return ScopedImage(
        stack, "Image", **{"context": small_app.context("app"), "platform": Platform.LINUX_ARM64, **options}
    )


def container_in(stack: cdk.Stack, image: ScopedImage, **options: Any) -> None:
    task = ecs.FargateTaskDefinition(stack, "Task", **options)
    task.add_container("app", image=image.to_container_image())


def test_one_image_feeds_several_functions_by_their_commands(small_app: Any) -> None:
    stack = small_app.stack("App")
    image = image_in(small_app, stack)
    for name in ("one", "two"):
        lambda_.DockerImageFunction(stack, name, code=image.to_lambda_code(cmd=[f"{name}.handler"]))
    functions = Template.from_stack(stack).find_resources(
        "AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}}
    )
    commands = sorted(f["Properties"]["ImageConfig"]["Command"][0] for f in functions.values())
    assert commands == ["one.handler", "two.handler"]
    assert len({json.dumps(f["Properties"]["Code"]) for f in functions.values()}) == 1
    assert len(small_app.synth()["App.assets.json"]["dockerImages"]) == 1


@pytest.mark.parametrize(("platform", "architecture"), [("linux/arm64", "arm64"), ("linux/amd64", "x86_64")])
@pytest.mark.parametrize("pin_digest", [True, False])
def test_a_function_gets_the_architecture_of_its_image(
    small_app: Any, platform: str, architecture: str, pin_digest: bool
) -> None:
    stack = small_app.stack("App")
    image = image_in(small_app, stack, platform=Platform(platform), pin_digest=pin_digest)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function", {"PackageType": "Image", "Architectures": [architecture]}
    )


@pytest.mark.parametrize(("platform", "architecture"), [("linux/arm64", "ARM64"), ("linux/amd64", "X86_64")])
def test_a_task_gets_the_architecture_of_its_image(small_app: Any, platform: str, architecture: str) -> None:
    stack = small_app.stack("App")
    container_in(stack, image_in(small_app, stack, platform=Platform(platform)))
    Template.from_stack(stack).has_resource_properties(
        "AWS::ECS::TaskDefinition",
        {"RuntimePlatform": {"CpuArchitecture": architecture, "OperatingSystemFamily": "LINUX"}},
    )


def test_a_function_of_another_architecture_is_an_error(small_app: Any) -> None:
    stack = small_app.stack("App")
    code = image_in(small_app, stack).to_lambda_code()
    lambda_.DockerImageFunction(stack, "Function", code=code, architecture=lambda_.Architecture.X86_64)
    Annotations.from_stack(stack).has_error(
        "/App/Function/Resource",
        "App/Function/Resource: architecture is ['x86_64'], but its image is built for linux/arm64: leave it out or "
        "set arm64",
    )


def test_a_task_of_another_architecture_is_an_error(small_app: Any) -> None:
    stack = small_app.stack("App")
    x86 = ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.X86_64)
    container_in(stack, image_in(small_app, stack), runtime_platform=x86)
    Annotations.from_stack(stack).has_error(
        "/App/Task/Resource",
        Match.string_like_regexp("cpuArchitecture is 'X86_64', but its image is built for"),
    )


def test_functions_of_other_code_are_left_alone(small_app: Any) -> None:
    stack = small_app.stack("App")
    image_in(small_app, stack)
    lambda_.Function(
        stack,
        "Zip",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(e, c): pass"),
    )
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function", {"Code": {"ZipFile": Match.any_value()}, "Architectures": Match.absent()}
    )


def test_by_default_the_reference_is_the_tag(small_app: Any) -> None:
    stack = small_app.stack("App")
    image = image_in(small_app, stack)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    assert f":{image.asset.image_tag}" in _image_uri(stack)
    assert "sha256" not in _image_uri(stack)


def test_a_pinned_digest_is_referenced_while_the_tag_stays_in_the_template(small_app: Any) -> None:
    stack = small_app.stack("App")
    image = image_in(small_app, stack, pin_digest=True)
    lambda_.DockerImageFunction(stack, "Function", code=image.to_lambda_code())
    container_in(stack, image)
    template = Template.from_stack(stack)
    assert "@sha256:" in _image_uri(stack)
    (task,) = template.find_resources("AWS::ECS::TaskDefinition").values()
    assert "@sha256:" in json.dumps(task["Properties"]["ContainerDefinitions"][0]["Image"])
    template.has_resource_properties("Custom::ScopedImagesDigest", {"ImageTag": image.asset.image_tag})


def test_the_digest_is_an_output(small_app: Any) -> None:
    stack = small_app.stack("App")
    image_in(small_app, stack)
    outputs = json.dumps(Template.from_stack(stack).find_outputs("*"))
    assert '"Digest"]' in outputs


def test_the_digest_lookup_may_describe_images_and_write_its_log(small_app: Any) -> None:
    stack = small_app.stack("App")
    image_in(small_app, stack)
    (policy,) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    log, describe = policy["Properties"]["PolicyDocument"]["Statement"]
    assert log["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert "ScopedImagesDigestLookupLogs" in json.dumps(log["Resource"])
    assert describe["Action"] == "ecr:DescribeImages"
    assert "container-assets" in json.dumps(describe["Resource"])


def test_a_cache_for_another_platform_is_refused(small_app: Any) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    cache = RegistryCache(repository=repository.address, platform=Platform.LINUX_AMD64)
    with pytest.raises(ScopedImagesError, match="is for linux/amd64, the image for linux/arm64"):
        image_in(small_app, small_app.stack("App"), repository=repository, cache=cache)


def test_cache_options_do_not_change_the_asset(small_app: Any) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "app-dev")
    plain = image_in(small_app, small_app.stack("One"))
    cached = image_in(small_app, small_app.stack("Two"), repository=repository)
    assert plain.asset.asset_hash == cached.asset.asset_hash


def _image_uri(stack: cdk.Stack) -> str:
    functions = Template.from_stack(stack).find_resources(
        "AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}}
    )
    (function,) = functions.values()
    return json.dumps(function["Properties"]["Code"]["ImageUri"])
