"""Images in other accounts, regions, Stages and environments."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.cx_api import SynthesisMessageLevel
from constructs import Construct

from tests.cdk.image_users import function_of, properties_of, task_of, waits_for
from tests.cdk.small_app import PLACE, SmallApp, errors

OTHER = cdk.Environment(account="222222222222", region="eu-west-1")
AWAY = cdk.Environment(account="111111111111", region="us-east-1")


@pytest.mark.parametrize(
    ("place", "run", "repository", "error"),
    [
        (
            AWAY,
            function_of,
            None,
            "Runs/Function/Resource: AWS::Lambda::Function takes images of its own region us-east-1 only, got one in "
            "eu-west-1; publish the image in us-east-1 too",
        ),
        (AWAY, task_of, None, None),
        (
            OTHER,
            function_of,
            {},
            "Runs/Function/Resource: its image is in repository 'app-dev' of account 111111111111, from which Lambda "
            "functions of account 222222222222 may not pull; give that ImageRepository pull_accounts=['222222222222']",
        ),
        (
            OTHER,
            task_of,
            None,
            "Runs/Task/Resource: its image is in repository 'cdk-hnb659fds-container-assets-111111111111-eu-west-1' of "
            "account 111111111111, from which account 222222222222 may not pull; give 'Images/Image' repository=, an "
            "ImageRepository with pull_accounts=['222222222222']",
        ),
        (OTHER, function_of, {"pull_accounts": ["222222222222"]}, None),
    ],
    ids=[
        "region",
        "region of a task",
        "account",
        "account and CDK's own repository",
        "account that may pull",
    ],
)
def test_what_runs_an_image_elsewhere_must_be_able_to_pull_it_and_waits_for_it(
    small_app: SmallApp,
    place: cdk.Environment,
    run: Any,
    repository: dict[str, Any] | None,
    error: str | None,
) -> None:
    options: dict[str, Any] = (
        {} if repository is None else {"repository": small_app.repository("app-dev", **repository)}
    )
    stack = small_app.stack("Runs", env=place)
    run(stack, small_app.image(small_app.stack("Images"), **options))
    assert errors(stack) == ([] if error is None else [error])
    assert waits_for(small_app, "Runs") == {"Images"}


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
    small_app: SmallApp, scope: Construct, name: str, place: cdk.Environment, pin_digest: bool
) -> None:
    """An image, and functions beside it, in a nested stack and, unless it is pinned, in another stack."""
    repositories, images = (
        cdk.Stack(scope, f"{name}-{kind}", env=place) for kind in ("repositories", "images")
    )
    repository = small_app.repository(f"app-{place.region}", repositories)
    image = small_app.image(images, repository=repository, pin_digest=pin_digest)
    function_of(images, image)
    function_of(cdk.NestedStack(images, "Nested"), image)
    if not pin_digest:
        function_of(cdk.Stack(scope, f"{name}-functions", env=place), image)


@pytest.mark.parametrize("pin_digest", [True, False])
def test_two_environments_regions_and_stages_with_the_same_image_share_nothing(
    small_app: SmallApp, pin_digest: bool
) -> None:
    environment_in(small_app, small_app.app, "here", PLACE, pin_digest)
    environment_in(small_app, small_app.app, "away", AWAY, pin_digest)
    for name, account in (("Dev", "333333333333"), ("Prod", "444444444444")):
        place = cdk.Environment(account=account, region="eu-west-1")
        environment_in(small_app, cdk.Stage(small_app.app, name), "staged", place, pin_digest)
    stacks = list(small_app.app.synth().stacks_recursively)
    assert len(stacks) == (8 if pin_digest else 12)
    paths = {stack.id: stack.hierarchical_id for stack in stacks}
    needs = {"repositories": [], "images": ["repositories"], "functions": ["images"]}
    for stack in stacks:
        environment, _, kind = stack.hierarchical_id.rpartition("-")
        assert [m.entry.data for m in stack.messages if m.level is SynthesisMessageLevel.ERROR] == []
        needed = {paths[each.id] for each in stack.dependencies if each.id in paths}
        assert needed == {f"{environment}-{each}" for each in needs[kind]}
        own = Path(stack.template_full_path)
        nested = own.parent.glob(re.sub(r"\W", "", stack.hierarchical_id) + "*.nested.template.json")
        texts = [file.read_text() for file in (own, *nested)]
        assert "Fn::ImportValue" not in "".join(texts)
        here = f"{stack.environment.account}.dkr.ecr.{stack.environment.region}"
        for properties in (each for text in texts for each in image_functions(json.loads(text))):
            assert here in json.dumps(properties["Code"]["ImageUri"])
            assert properties["Architectures"] == ["arm64"]


def image_functions(template: dict[str, Any]) -> list[dict[str, Any]]:
    properties = [resource.get("Properties", {}) for resource in template["Resources"].values()]
    return [each for each in properties if each.get("PackageType") == "Image"]


def test_an_app_without_a_literal_place_is_ordered_too(small_app: SmallApp) -> None:
    images, functions = cdk.Stack(small_app.app, "Images"), cdk.Stack(small_app.app, "Functions")
    function_of(functions, small_app.image(images))
    assert waits_for(small_app, "Functions") == {"Images"}


def test_only_a_grant_of_the_image_adds_to_the_policy_of_its_repository(small_app: SmallApp) -> None:
    """A function asks for a statement that the repository has already."""
    repositories, images = small_app.stack("Repositories"), small_app.stack("Images")
    image = small_app.image(images, repository=small_app.repository("app-dev", repositories))
    function_of(images, image)
    image.repository.grant_pull(iam.AccountPrincipal("222222222222"))
    statements = properties_of(repositories, "AWS::ECR::Repository")["RepositoryPolicyText"]["Statement"]
    assert [each.get("Sid") for each in statements] == ["ImagePublishingRole", "LambdaFunctions", None]
    assert ":iam::222222222222:root" in json.dumps(statements[2]["Principal"])


def test_a_grant_that_cdk_s_own_repository_cannot_give_is_an_error(small_app: SmallApp) -> None:
    stack = small_app.stack("Images")
    small_app.image(stack).repository.grant_pull(iam.AccountPrincipal("222222222222"))
    assert errors(stack) == [
        "Images/Image/AssetRepository: an app cannot change the policy of CDK's own repository, got a grant for "
        "arn:${AWS::Partition}:iam::222222222222:root; give the image repository=, an ImageRepository"
    ]
