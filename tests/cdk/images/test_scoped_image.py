"""One image feeds stock functions and task definitions, by its tag or its digest."""

from __future__ import annotations

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from tests.cdk.image_users import function_of, properties_of, task_of
from tests.cdk.registry_resources import looked_up
from tests.cdk.small_app import SmallApp, notes


def test_one_image_feeds_several_functions_by_their_commands(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image = small_app.image(stack)
    for name in ("one", "two"):
        lambda_.DockerImageFunction(stack, name, code=image.to_lambda_code(cmd=[f"{name}.handler"]))
    functions = Template.from_stack(stack).find_resources(
        "AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}}
    )
    commands = sorted(f["Properties"]["ImageConfig"]["Command"][0] for f in functions.values())
    assert commands == ["one.handler", "two.handler"]
    assert len({json.dumps(f["Properties"]["Code"]) for f in functions.values()}) == 1
    assert len(small_app.synth()["App.assets.json"]["dockerImages"]) == 1


@pytest.mark.parametrize("pin_digest", [True, False])
def test_functions_and_tasks_refer_to_the_digest_only_of_a_pinned_image(
    small_app: SmallApp, pin_digest: bool
) -> None:
    """The tag of a pinned image stays in the template."""
    stack = small_app.stack("App")
    image = small_app.image(stack, pin_digest=pin_digest)
    function_of(stack, image)
    task_of(stack, image)
    cdk.CfnOutput(stack, "Uri", value=image.uri)
    template = Template.from_stack(stack)
    (function,) = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}}
    ).values()
    (container,) = properties_of(stack, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert container["Image"] == template.find_outputs("Uri")["Uri"]["Value"]
    for place in (function["Properties"]["Code"], container["Image"]):
        assert ("@sha256:" if pin_digest else f":{image.tag}") in json.dumps(place)
        assert pin_digest or "sha256" not in json.dumps(place)
    assert [each["ImageTag"] for each in looked_up(template)] == [image.tag] * pin_digest
    assert not pin_digest or image.uri.partition("@")[2] == image.digest
    assert len(notes(stack)) == pin_digest


@pytest.mark.parametrize("pin_digest", [True, False])
def test_a_new_image_is_a_new_version_of_its_function(small_app: SmallApp, pin_digest: bool) -> None:
    """Aliases and CodeDeploy stay on the old version otherwise."""
    ids = []
    for name in ("one", "two"):
        stack = small_app.stack(name)
        image = small_app.image(stack, context=small_app.context(name), pin_digest=pin_digest)
        version = function_of(stack, image).current_version.node.default_child
        assert isinstance(version, lambda_.CfnVersion)
        small_app.app.synth(force=True)
        ids.append(stack.resolve(version.logical_id))
    assert ids[0] != ids[1]


def test_a_pinned_image_runs_in_a_nested_stack_of_its_own(small_app: SmallApp) -> None:
    """Its digest gets there as a parameter, which changes with it."""
    stack = small_app.stack("App")
    function_of(cdk.NestedStack(stack, "Nested"), small_app.image(stack, pin_digest=True))
    files = small_app.synth()
    (nested,) = (content for name, content in files.items() if name.endswith(".nested.template.json"))
    (function,) = (
        each for each in nested["Resources"].values() if each["Properties"].get("PackageType") == "Image"
    )
    assert function["Properties"]["Architectures"] == ["arm64"]
    assert "Ref" in json.dumps(function["Properties"]["Code"])
    assert "aws:cdk:error" not in json.dumps(files["App.metadata.json"])


def test_one_note_in_an_app_says_what_a_pin_costs(small_app: SmallApp) -> None:
    stacks = [small_app.stack("One"), small_app.stack("Two")]
    for stack in stacks:
        small_app.image(stack, pin_digest=True)
    assert notes(*stacks) == [
        (
            "/One/Image",
            "pin_digest: only CloudFormation can look the digest up, so cdk watch and cdk deploy --hotswap skip what runs"
            " this image and end green with the old code; deploy with --hotswap-fallback, or use pin_digest=False where "
            "you hotswap [ack: scoped-images:pin-digest]",
        )
    ]
