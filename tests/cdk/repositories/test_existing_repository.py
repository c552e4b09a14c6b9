"""Repositories that the app does not make."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Template

from scoped_images import ImageRepository
from tests.cdk.image_users import function_of, properties_of
from tests.cdk.small_app import REGISTRY, SmallApp, errors
from tests.refusals import refused

ACCOUNT = iam.AccountPrincipal("333333333333")
ARN = "arn:aws:ecr:eu-west-1:111111111111:repository/team/upload"


def imported(stack: cdk.Stack) -> ecr.IRepository:
    return ecr.Repository.from_repository_name(stack, "Stock", "team/upload")


@pytest.mark.parametrize(
    "make",
    [
        lambda stack: ImageRepository.from_name(stack, "Repository", "team/upload"),
        lambda stack: ImageRepository.from_arn(stack, "Repository", ARN),
        lambda stack: ImageRepository.from_repository(stack, "Repository", imported(stack)),
    ],
    ids=["name", "arn", "import"],
)
def test_an_image_goes_to_a_repository_that_exists_and_waits_for_no_stack(
    small_app: SmallApp, make: Callable[[cdk.Stack], Any]
) -> None:
    stack = small_app.stack("App")
    image = small_app.image(stack, repository=make(stack))
    function_of(stack, image)
    (asset,) = small_app.assets()
    (destination,) = asset["destinations"].values()
    assert (destination["repositoryName"], destination["imageTag"]) == ("team/upload", image.tag)
    assert asset["source"]["cacheTo"]["params"]["ref"] == f"{REGISTRY}/team/upload:cache-linux-arm64"
    assert "dependencies" not in small_app.synth()["manifest.json"]["artifacts"]["App.assets"]
    assert errors(stack) == []
    Template.from_stack(stack).resource_count_is("AWS::ECR::Repository", 0)


def test_the_policy_that_it_needs_is_that_of_the_app_s_own_repositories(small_app: SmallApp) -> None:
    own, stack = small_app.stack("Own"), small_app.stack("App")
    small_app.repository("own", own, pull_accounts=["333333333333"])
    existing = ImageRepository.from_name(stack, "Repository", "upload", pull_accounts=["333333333333"] * 2)
    policy = properties_of(own, "AWS::ECR::Repository")["RepositoryPolicyText"]
    assert json.loads(existing.policy_text) == policy
    Annotations.from_stack(stack).has_info(
        "/App/Repository",
        "repository 'upload' is not of this app: its policy must let CDK's image-publishing role push and Lambda pull; "
        "policy_text is that policy, for aws ecr set-repository-policy [ack: scoped-images:repository-policy]",
    )


def test_a_stock_repository_of_the_app_gets_the_policy_and_comes_first(small_app: SmallApp) -> None:
    repositories, stack = small_app.stack("Repositories"), small_app.stack("App")
    stock = ecr.Repository(repositories, "Stock", repository_name="upload")
    image = small_app.image(stack, repository=ImageRepository.from_repository(stack, "Repository", stock))
    image.repository.grant_pull(ACCOUNT)
    assert small_app.synth()["manifest.json"]["artifacts"]["App.assets"]["dependencies"] == ["Repositories"]
    statements = properties_of(repositories, "AWS::ECR::Repository")["RepositoryPolicyText"]["Statement"]
    assert [each.get("Sid") for each in statements] == ["ImagePublishingRole", "LambdaFunctions", None]


def test_a_grant_that_another_app_s_repository_cannot_give_is_an_error(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    repository = ImageRepository.from_name(stack, "Repository", "upload")
    small_app.image(stack, repository=repository).repository.grant_pull(ACCOUNT)
    assert errors(stack) == [
        "App/Image/AssetRepository: an app cannot change the policy of repository 'upload', which it does not make, got "
        "a grant for arn:${AWS::Partition}:iam::333333333333:root; add the statement to that policy"
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda stack, _: ImageRepository.from_arn(stack, "R", "upload"),
            "repository_arn: must be arn:aws:ecr:<region>:<account>:repository/<name>, got 'upload'; use a literal ARN",
        ),
        (
            lambda stack, _: ImageRepository.from_repository(stack, "R", ecr.Repository(stack, "Stock")),
            "repository: images are pushed before CloudFormation knows a generated name, got 'App/Stock'; give it a "
            "literal repository_name",
        ),
        (
            lambda stack, _: ImageRepository.from_name(stack, "R", "upload", pull_accounts=["1"]),
            "pull_accounts: must be ids of 12 digits, got '1'; use ['111111111111']",
        ),
        (
            lambda stack, small_app: small_app.image(
                stack, repository=ImageRepository.from_arn(stack, "R", ARN.replace("1" * 12, "2" * 12))
            ),
            "env: repository 'team/upload' is in 222222222222/eu-west-1, got 111111111111/eu-west-1 for stack 'App'; "
            "deploy both to one account and region",
        ),
    ],
    ids=["arn", "generated", "account", "another account"],
)
def test_a_mistake_is_named(small_app: SmallApp, make: Callable[..., Any], message: str) -> None:
    with refused(message):
        make(small_app.stack("App"), small_app)
