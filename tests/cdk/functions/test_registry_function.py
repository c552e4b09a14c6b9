"""Look-ups and moving tags of a stack: few resources, of one function."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template
from constructs import Construct

from scoped_images import RegistryFunction, ScopedImage
from scoped_images.cdk.functions.function_code import function_code
from tests.cdk.image_users import function_of
from tests.cdk.registry_resources import looked_up
from tests.cdk.small_app import SmallApp
from tests.refusals import refused

# Function, role and log group.
REGISTRY_FUNCTION_RESOURCES = 3
RESOURCES_OF_A_FUNCTION = 2  # The function and its role.


def pinned_resources(functions: int) -> int:
    """The resources of a stack with so many pinned functions, from 60 on: 16 resources look digests up."""
    return functions * RESOURCES_OF_A_FUNCTION + 16 + REGISTRY_FUNCTION_RESOURCES


def image_in(small_app: SmallApp, stack: cdk.Stack, number: int, **options: Any) -> ScopedImage:
    context = small_app.context(f"app{number}")
    return small_app.image(stack, f"Image{number}", context=context, **options)


def look_ups() -> dict[str, list[int]]:
    """Numbers of images, by the first digit of the hash of their paths, which decides the resource."""
    found: dict[str, list[int]] = {}
    for number in range(200):
        digit = hashlib.sha256(f"/Image{number}".encode()).hexdigest()[0]
        found.setdefault(digit, []).append(number)
    return found


def in_one_look_up(count: int) -> list[int]:
    """Numbers of images whose digests one resource looks up."""
    return next(iter(look_ups().values()))[:count]


def test_an_image_by_its_tag_adds_no_resource_to_its_functions(small_app: SmallApp) -> None:
    """So two hundred functions, each with a role, fit into the 500 resources of a stack."""
    stack = small_app.stack("App")
    for number in range(5):
        function_of(Construct(stack, f"Service{number}"), image_in(small_app, stack, number))
    assert len(Template.from_stack(stack).to_json()["Resources"]) == 5 * RESOURCES_OF_A_FUNCTION


def test_many_digests_are_looked_up_by_sixteen_resources(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    numbers = [number for each in look_ups().values() for number in each[:2]]
    for number in numbers:
        _ = image_in(small_app, stack, number).digest
    template = Template.from_stack(stack)
    assert len(looked_up(template)) == len(numbers) == 2 * 16
    assert len(template.to_json()["Resources"]) == pinned_resources(0)


def test_a_stack_that_javascript_made_has_one_function_too(small_app: SmallApp) -> None:
    RegistryFunction(architecture=lambda_.Architecture.X86_64).use_in(small_app.javascript_stack())
    for number in in_one_look_up(2):
        _ = image_in(small_app, small_app.javascript_stack(), number).digest
    template = Template.from_stack(small_app.javascript_stack())
    template.resource_count_is("Custom::ScopedImagesDigests", 1)
    template.has_resource_properties("AWS::Lambda::Function", {"Architectures": ["x86_64"]})


def test_other_images_come_and_go_without_a_new_version_of_a_function(small_app: SmallApp) -> None:
    """Lambda refuses a second version of a function that did not change."""

    def versions(name: str, numbers: Iterable[int]) -> dict[str, Any]:
        app = SmallApp(small_app.directory / name)
        stack = app.stack("App")
        for number in numbers:
            image = image_in(app, stack, number, pin_digest=True)
            function_of(Construct(stack, f"Service{number}"), image).add_alias("live")
        template = Template.from_stack(stack)
        template.resource_count_is("Custom::ScopedImagesDigests", 1)
        resources = template.to_json()["Resources"]
        aliases = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::Lambda::Alias"]
        return {
            alias["FunctionName"]["Ref"]: (
                alias["FunctionVersion"]["Fn::GetAtt"][0],
                resources[alias["FunctionName"]["Ref"]]["Properties"]["Code"],
            )
            for alias in aliases
        }

    first, *numbers = in_one_look_up(5)
    before = versions("Before", numbers)
    with_one_more, without_two = versions("Added", [first, *numbers]), versions("Removed", numbers[2:])
    assert (len(before), len(with_one_more), len(without_two)) == (4, 5, 2)
    assert before.items() <= with_one_more.items()
    assert without_two.items() <= before.items()


def test_a_look_up_answers_for_thirty_images_at_most(
    small_app: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than 30 images in one look-up are rare enough to need a smaller one here."""
    monkeypatch.setattr("scoped_images.cdk.functions.registry_resources._DIGESTS", 2)
    stack = small_app.stack("App")
    for number in in_one_look_up(3):
        _ = image_in(small_app, stack, number).digest
    found = Template.from_stack(stack).find_resources("Custom::ScopedImagesDigests")
    assert sorted(len(each["Properties"]["Images"]) for each in found.values()) == [1, 2]


def test_a_changed_image_changes_the_look_up_s_attribute_and_not_its_logical_id(small_app: SmallApp) -> None:
    found = []
    for content in ("one", "two"):
        stack = small_app.stack(content)
        image = ScopedImage(stack, "Image", context=small_app.context(content), pin_digest=True)
        found.append(stack.resolve(image.digest)["Fn::Join"][1][1]["Fn::GetAtt"])
    (one, first), (two, second) = found
    assert one == two
    assert first != second


def test_an_architecture_and_a_vpc_are_the_innermost_scope_s(small_app: SmallApp) -> None:
    vpc = ec2.Vpc(small_app.stack("Network"), "Vpc")
    RegistryFunction(architecture=lambda_.Architecture.X86_64).use_in(small_app.app)
    stacks = [small_app.stack("Outside"), small_app.stack("Inside")]
    RegistryFunction(vpc=vpc).use_in(stacks[1])
    for stack in stacks:
        _ = ScopedImage(stack, "Image", context=small_app.context("app")).digest
    for stack, architecture, network in zip(
        stacks, ("x86_64", "arm64"), (Match.absent(), Match.any_value()), strict=True
    ):
        template = Template.from_stack(stack)
        template.has_resource_properties(
            "AWS::Lambda::Function", {"Architectures": [architecture], "VpcConfig": network}
        )
        # Without these rights Lambda refuses to put a function into a VPC.
        template.has_resource_properties("AWS::IAM::Role", {"ManagedPolicyArns": network})


def test_settings_after_the_function_is_made_are_refused(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    _ = ScopedImage(stack, "Image", context=small_app.context("app")).digest
    with refused(
        "use_in: must come before images are made, got stack 'App' with its function; call it first"
    ):
        RegistryFunction().use_in(small_app.app)


def test_subnets_without_a_vpc_are_refused() -> None:
    with refused("vpc: must be given with subnets and security_groups, got None; pass the VPC that has them"):
        RegistryFunction(subnets=ec2.SubnetSelection())


def test_it_may_write_its_log_and_describe_the_images_that_it_looks_up(small_app: SmallApp) -> None:
    """By one statement for all repositories, since a role's policies have a limit."""
    stack = small_app.stack("App")
    for name in ("one", "two", None):
        repository = small_app.repository(name) if name else None
        image = small_app.image(stack, f"Image{name}", repository=repository)
        assert image.digest.startswith("sha256:${Token[")
    (role,) = Template.from_stack(stack).find_resources("AWS::IAM::Role").values()
    (policy,) = role["Properties"]["Policies"]
    log, describe = policy["PolicyDocument"]["Statement"]
    assert log["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert "ScopedImagesRegistryLogs" in json.dumps(log["Resource"])
    assert describe["Action"] == ["ecr:DescribeImages"]
    for name in ("repository/one", "repository/two", "container-assets"):
        assert name in json.dumps(describe["Resource"])


def test_its_code_is_written_again_when_the_temporary_folder_is_gone(small_app: SmallApp) -> None:
    """A process that makes one app after another may outlive its temporary files."""
    code = function_code("registry")
    assert isinstance(code, lambda_.AssetCode)
    shutil.rmtree(code.path)
    _ = small_app.image(small_app.stack("App"), pin_digest=True).digest
    assert list(Path(small_app.app.synth().directory).glob("asset.*/index.py"))
