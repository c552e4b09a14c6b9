"""Whatever runs an image waits for it, in the same place, on its architecture: judged by the resolved templates."""

from __future__ import annotations

import json

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from scoped_images import Platform
from scoped_images.cdk.deploy_order import deploy_after
from tests.cdk.image_users import (
    Make,
    agent,
    any_resource,
    ec2_job,
    ecs_job,
    fargate_job,
    function,
    function_of,
    included,
    model,
    overridden,
    project,
    sam_function,
    service,
    task,
    task_of,
    uri,
    waits_for,
)
from tests.cdk.small_app import BOTH, SmallApp, errors

KINDS: list[Make] = [
    function, task, sam_function, fargate_job, ecs_job, ec2_job, model, project, service, agent, any_resource,
    overridden, included,
]  # fmt: skip
EXPORTED = (
    "its image is named by a value that stack 'Images' exports, and CloudFormation changes no export that is in "
    "use; put both into one stack, make the image with pin_digest=False, or set "
    "@aws-cdk/core:defaultCrossStackReferences to 'weak'"
)


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_whatever_names_an_image_waits_for_the_stack_that_publishes_it(
    small_app: SmallApp, make: Make
) -> None:
    platform = Platform.LINUX_AMD64 if make is service else Platform.LINUX_ARM64
    image = small_app.image(small_app.stack("Images"), platform=platform)
    stack = small_app.stack("Runs")
    make(stack, uri(image))
    assert waits_for(small_app, "Runs") == {"Images"}
    assert errors(stack) == []


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_whatever_names_a_digest_that_another_stack_exports_is_an_error(
    small_app: SmallApp, make: Make
) -> None:
    platform = Platform.LINUX_AMD64 if make is service else Platform.LINUX_ARM64
    image = small_app.image(small_app.stack("Images"), platform=platform, pin_digest=True)
    stack = small_app.stack("Runs")
    make(stack, f"{image.repository.repository_uri}@{image.digest}")
    assert [error.partition(": ")[2] for error in errors(stack)] == [EXPORTED]


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
