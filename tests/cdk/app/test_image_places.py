"""Images in other accounts, regions, Stages and environments."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk.cx_api import SynthesisMessageLevel
from constructs import Construct

from scoped_images import ImageRepository
from tests.cdk.image_users import (
    function_of,
    properties_of,
    waits_for,
)
from tests.cdk.small_app import PLACE, SmallApp, errors

OTHER = cdk.Environment(account="222222222222", region="eu-west-1")
AWAY = cdk.Environment(account="111111111111", region="us-east-1")


def test_a_function_in_another_region_than_its_image_is_an_error(small_app: SmallApp) -> None:
    image = small_app.image(small_app.stack("Images"))
    stack = small_app.stack("Functions", env=AWAY)
    function_of(stack, image)
    assert errors(stack) == [
        "Functions/Function/Resource: AWS::Lambda::Function takes images of its own region us-east-1 only, got one in "
        "eu-west-1; publish the image in us-east-1 too"
    ]


def test_a_task_in_another_region_than_its_image_waits_for_it(small_app: SmallApp) -> None:
    image = small_app.image(small_app.stack("Images"))
    stack = small_app.stack("Tasks", env=AWAY)
    ecs.FargateTaskDefinition(stack, "Task").add_container("app", image=image.to_container_image())
    assert errors(stack) == []
    assert waits_for(small_app, "Tasks") == {"Images"}


def test_a_function_of_an_account_that_may_not_pull_is_an_error(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    image = small_app.image(small_app.stack("Images"), repository=repository)
    stack = small_app.stack("Functions", env=OTHER)
    function_of(stack, image)
    assert errors(stack) == [
        "Functions/Function/Resource: its image is in repository 'app-dev' of account 111111111111, from which Lambda "
        "functions of account 222222222222 may not pull; give that ImageRepository pull_accounts=['222222222222']"
    ]


def test_an_image_in_cdk_s_own_repository_is_for_its_account_only(small_app: SmallApp) -> None:
    image = small_app.image(small_app.stack("Images"))
    stack = small_app.stack("Tasks", env=OTHER)
    ecs.FargateTaskDefinition(stack, "Task").add_container("app", image=image.to_container_image())
    assert [error.partition("may not pull; ")[2] for error in errors(stack)] == [
        "give 'Images/Image' repository=, an ImageRepository with pull_accounts=['222222222222']"
    ]


def test_a_function_of_an_account_that_may_pull_waits_for_its_image(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev", pull_accounts=["222222222222"])
    image = small_app.image(small_app.stack("Images"), repository=repository)
    stack = small_app.stack("Functions", env=OTHER)
    function_of(stack, image)
    assert errors(stack) == []
    assert waits_for(small_app, "Functions") == {"Images"}


def test_an_image_of_another_stage_is_an_error(small_app: SmallApp) -> None:
    """Nothing orders the stacks of two Stages."""
    stages = [cdk.Stage(small_app.app, name, env=PLACE) for name in ("One", "Two")]
    image = small_app.image(cdk.Stack(stages[0], "Images"))
    stack = cdk.Stack(stages[1], "Functions")
    function_of(stack, image)
    assert errors(stack) == [
        "Two/Functions/Function/Resource: its image is published by stack 'One/Images' of another Stage, and CDK orders "
        "no stacks across Stages; make the image in a stack of this Stage too"
    ]


def test_a_stage_that_publishes_the_same_image_itself_does_not_need_the_other_s(small_app: SmallApp) -> None:
    for name in ("One", "Two"):
        stage = cdk.Stage(small_app.app, name, env=PLACE)
        image = small_app.image(cdk.Stack(stage, "Images"))
        stack = cdk.Stack(stage, "Functions")
        function_of(stack, image)
    assert errors(stack) == []


def environment_in(
    small_app: SmallApp, scope: Construct, name: str, place: cdk.Environment, **options: Any
) -> None:
    """An image, and functions beside it, in a nested stack and, unless it is pinned, in another stack."""

    def stack(kind: str) -> cdk.Stack:
        return cdk.Stack(scope, f"{name}-{kind}", env=place)

    repository: ImageRepository = small_app.repository(f"app-{place.region}", stack("repositories"))
    images = stack("images")
    image = small_app.image(images, repository=repository, **options)
    function_of(images, image)
    function_of(cdk.NestedStack(images, "Nested"), image)
    if not options.get("pin_digest"):
        function_of(stack("functions"), image)


@pytest.mark.parametrize("pin_digest", [True, False])
def test_two_environments_regions_and_stages_with_the_same_image_share_nothing(
    small_app: SmallApp, pin_digest: bool
) -> None:
    environment_in(small_app, small_app.app, "here", PLACE, pin_digest=pin_digest)
    environment_in(small_app, small_app.app, "away", AWAY, pin_digest=pin_digest)
    for name, account in (("Dev", "333333333333"), ("Prod", "444444444444")):
        place = cdk.Environment(account=account, region="eu-west-1")
        environment_in(small_app, cdk.Stage(small_app.app, name), "staged", place, pin_digest=pin_digest)
    stacks = list(small_app.app.synth().stacks_recursively)
    assert len(stacks) == (8 if pin_digest else 12)
    paths = {stack.id: stack.hierarchical_id for stack in stacks}
    tags = set()
    for stack in stacks:
        environment, _, kind = stack.hierarchical_id.rpartition("-")
        assert [m.entry.data for m in stack.messages if m.level is SynthesisMessageLevel.ERROR] == []
        needed = {paths[each.id] for each in stack.dependencies if each.id in paths}
        first = {"repositories": [], "images": ["repositories"], "functions": ["images"]}[kind]
        assert needed == {f"{environment}-{each}" for each in first}
        own = Path(stack.template_full_path)
        nested = own.parent.glob(re.sub(r"\W", "", stack.hierarchical_id) + "*.nested.template.json")
        for file in (own, *nested):
            template = json.loads(file.read_text())
            assert "Fn::ImportValue" not in json.dumps(template)
            for properties in image_functions(template):
                text = json.dumps(properties["Code"]["ImageUri"])
                account, region = stack.environment.account, stack.environment.region
                assert f"{account}.dkr.ecr.{region}." in text
                assert properties["Architectures"] == ["arm64"]
                tags.add(text.partition(f"/app-{region}")[2])
    # By its tag; by the attribute of its digest, one for each name of a repository; by that as a parameter of each of
    # four nested stacks.
    assert len(tags) == (2 + 4 if pin_digest else 1)


def image_functions(template: dict[str, Any]) -> list[dict[str, Any]]:
    properties = [resource.get("Properties", {}) for resource in template["Resources"].values()]
    return [each for each in properties if each.get("PackageType") == "Image"]


def test_an_app_without_a_literal_place_is_ordered_too(small_app: SmallApp) -> None:
    images, functions = cdk.Stack(small_app.app, "Images"), cdk.Stack(small_app.app, "Functions")
    function_of(functions, small_app.image(images))
    assert waits_for(small_app, "Functions") == {"Images"}


def test_an_account_may_be_granted_to_pull_by_the_image(small_app: SmallApp) -> None:
    stack = small_app.stack("Repositories")
    repository = small_app.repository("app-dev", stack)
    image = small_app.image(small_app.stack("Images"), repository=repository)
    image.repository.grant_pull(iam.AccountPrincipal("222222222222"))
    statements = properties_of(stack, "AWS::ECR::Repository")["RepositoryPolicyText"]["Statement"]
    assert len(statements) == 3
    assert ":iam::222222222222:root" in json.dumps(statements[2]["Principal"])


def test_a_function_adds_nothing_to_the_policy_of_its_image_s_repository(small_app: SmallApp) -> None:
    """The repository lets the account's functions pull already, and no others."""
    stack = small_app.stack("Repositories")
    repository = small_app.repository("app-dev", stack)
    images = small_app.stack("Images")
    function_of(images, small_app.image(images, repository=repository))
    assert len(properties_of(stack, "AWS::ECR::Repository")["RepositoryPolicyText"]["Statement"]) == 2


def test_a_grant_that_cdk_s_own_repository_cannot_give_is_an_error(small_app: SmallApp) -> None:
    stack = small_app.stack("Images")
    small_app.image(stack).repository.grant_pull(iam.AccountPrincipal("222222222222"))
    assert errors(stack) == [
        "Images/Image/AssetRepository: an app cannot change the policy of CDK's own repository, got a grant for "
        "arn:${AWS::Partition}:iam::222222222222:root; give the image repository=, an ImageRepository"
    ]
