"""Whatever runs an image waits for it, in the same place, on its architecture: judged by the resolved templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import cloudformation_include
from aws_cdk.assertions import Template
from constructs import Construct

from scoped_images.cdk.deploy_order import deploy_after
from tests.cdk.image_users import function_of, task_of, waits_for
from tests.cdk.small_app import BOTH, SmallApp, errors

EXPORTED = (
    "its image is named by a value that stack 'Images' exports, and CloudFormation changes no export that is in "
    "use; put both into one stack, make the image with pin_digest=False, or set "
    "@aws-cdk/core:defaultCrossStackReferences to 'weak'"
)


def any_resource(scope: Construct, image: str) -> None:
    cdk.CfnResource(scope, "Run", type="Some::Future::Service", properties={"Deep": [{"Image": image}]})


def overridden(scope: Construct, image: str) -> None:
    resource = cdk.CfnResource(scope, "Run", type="Some::Future::Service")
    resource.add_property_override("Spec.Image", image)


def included(scope: Construct, image: str) -> None:
    """A template of somebody else's, whose parameter is the image."""
    app = scope.node.root
    assert isinstance(app, cdk.App)
    file = Path(app.outdir).parent / "included.json"
    run = {"Type": "Some::Future::Service", "Properties": {"Image": {"Ref": "Image"}}}
    file.write_text(json.dumps({"Parameters": {"Image": {"Type": "String"}}, "Resources": {"Run": run}}))
    cloudformation_include.CfnInclude(scope, "Run", template_file=str(file), parameters={"Image": image})


@pytest.mark.parametrize("make", [any_resource, overridden, included], ids=lambda make: make.__name__)
def test_whatever_names_an_image_waits_for_its_stack_and_takes_no_exported_digest(
    small_app: SmallApp, make: Any
) -> None:
    image = small_app.image(small_app.stack("Images"), pin_digest=True)
    tagged, pinned = small_app.stack("Tagged"), small_app.stack("Pinned")
    make(tagged, image.repository.repository_uri_for_tag(image.tag))
    make(pinned, f"{image.repository.repository_uri}@{image.digest}")
    assert waits_for(small_app, "Tagged") == {"Images"}
    assert errors(tagged) == []
    assert [error.partition(": ")[2] for error in errors(pinned)] == [EXPORTED]


def test_with_weak_references_a_digest_of_another_stack_is_no_export(small_app: SmallApp) -> None:
    """As `cdk init` writes it today."""
    small_app.app.node.set_context("@aws-cdk/core:defaultCrossStackReferences", "weak")
    image = small_app.image(small_app.stack("Images"), pin_digest=True)
    stack = small_app.stack("Functions")
    function_of(stack, image)
    assert waits_for(small_app, "Functions") == {"Images"}
    assert errors(stack) == []
    assert "Fn::ImportValue" not in json.dumps(small_app.synth()["Functions.template.json"])


@pytest.mark.parametrize("nested", [True, False])
def test_what_runs_an_index_of_its_own_stack_waits_until_it_is_put(small_app: SmallApp, nested: bool) -> None:
    """By its tag, which is a literal, CloudFormation would not know."""
    stack = small_app.stack("App")
    image = small_app.image(stack, platforms=BOTH, repository=small_app.repository("app-dev"))
    task_of(cdk.NestedStack(stack, "Nested") if nested else stack, image)
    resources = Template.from_stack(stack).to_json()["Resources"]
    (index,) = (name for name, each in resources.items() if each["Type"] == "Custom::ScopedImagesIndex")
    kind = "AWS::CloudFormation::Stack" if nested else "AWS::ECS::TaskDefinition"
    (waiting,) = (each for each in resources.values() if each["Type"] == kind)
    assert index in waiting["DependsOn"]


@pytest.mark.parametrize("pin_digest", [True, False])
def test_what_runs_an_index_of_another_stack_waits_for_it_and_cannot_be_pinned(
    small_app: SmallApp, pin_digest: bool
) -> None:
    repository, images = small_app.repository("app-dev"), small_app.stack("Images")
    stack = small_app.stack("Tasks")
    task_of(stack, small_app.image(images, platforms=BOTH, repository=repository, pin_digest=pin_digest))
    assert waits_for(small_app, "Tasks") == {"Images"}
    assert [EXPORTED in error for error in errors(stack)] == [True] * pin_digest


def test_an_image_whose_stack_waits_for_what_runs_it_is_an_error(small_app: SmallApp) -> None:
    images, functions = small_app.stack("Images"), small_app.stack("Functions")
    deploy_after(images, functions)
    function_of(functions, small_app.image(images))
    assert errors(functions) == [
        "Functions/Function/Resource: its image is published by stack 'Images', which itself waits for 'Functions'; put "
        "the image into the stack that runs it"
    ]
