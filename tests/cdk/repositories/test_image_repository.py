"""Repositories scan, encrypt, keep content tags immutable, and let CDK publish."""

from __future__ import annotations

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Match, Template

from scoped_images import OrderedAssets, ScopedImagesError
from tests.cdk.image_users import properties_of
from tests.cdk.small_app import REGISTRY, SmallApp
from tests.refusals import refused

REPOSITORY = "AWS::ECR::Repository"


def template_of(small_app: SmallApp, **options: Any) -> Template:
    stack = small_app.stack("Repositories")
    small_app.repository("api-dev", stack, **options)
    return Template.from_stack(stack)


def policy_of(
    small_app: SmallApp, synthesizer: OrderedAssets | None = None, **options: Any
) -> dict[str, Any]:
    """The statements of a repository's policy, by their names."""
    stack = small_app.stack("Repositories", synthesizer=synthesizer)
    small_app.repository("api-dev", stack, **options)
    statements = properties_of(stack, REPOSITORY)["RepositoryPolicyText"]["Statement"]
    return {each["Sid"]: each for each in statements}


def test_scans_encrypts_outlives_its_stack_and_moves_only_the_cache_and_the_moving_tags(
    small_app: SmallApp,
) -> None:
    """AES-256 is what ECR does without an EncryptionConfiguration."""
    template = template_of(small_app)
    filters = [
        {
            "ImageTagMutabilityExclusionFilterType": "WILDCARD",
            "ImageTagMutabilityExclusionFilterValue": pattern,
        }
        for pattern in ("cache*", "git-*", "stable")
    ]
    template.has_resource(
        REPOSITORY,
        {
            "DeletionPolicy": "Retain",
            "Properties": {
                "RepositoryName": "api-dev",
                "ImageScanningConfiguration": {"ScanOnPush": True},
                "EncryptionConfiguration": Match.absent(),
                "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
                "ImageTagMutabilityExclusionFilters": filters,
                "EmptyOnDelete": False,
            },
        },
    )
    # CloudFormation allows 200 in a stack.
    assert template.find_outputs("*") == {}


def test_a_key_that_is_given_encrypts(small_app: SmallApp) -> None:
    stack = small_app.stack("Repositories")
    small_app.repository("api-dev", stack, encryption_key=kms.Key(stack, "Key"))
    encryption = properties_of(stack, REPOSITORY)["EncryptionConfiguration"]
    assert (encryption["EncryptionType"], list(encryption["KmsKey"])) == ("KMS", ["Fn::GetAtt"])


def test_the_publishing_role_may_pull_and_push_and_functions_of_the_account_may_pull(
    small_app: SmallApp,
) -> None:
    publishing, functions = policy_of(small_app, OrderedAssets(qualifier="team1")).values()
    role = "role/cdk-team1-image-publishing-role-111111111111-eu-west-1"
    assert role in json.dumps(publishing["Principal"])
    assert {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:PutImage"} <= set(publishing["Action"])
    assert not [action for action in publishing["Action"] if "*" in action or "Delete" in action]
    assert functions["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert functions["Action"] == ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    assert ":lambda:eu-west-1:111111111111:function:*" in json.dumps(functions["Condition"])


def test_a_publishing_role_that_is_given_takes_the_place_of_cdk_s(small_app: SmallApp) -> None:
    arn = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/publisher-${Qualifier}"
    synthesizer = OrderedAssets(qualifier="team1", image_asset_publishing_role_arn=arn)
    policy = json.dumps(policy_of(small_app, synthesizer))
    assert ":iam::111111111111:role/publisher-team1" in policy
    assert "image-publishing-role" not in policy


def test_other_accounts_and_their_functions_may_pull(small_app: SmallApp) -> None:
    """As AWS documents it for Lambda; a function needs more than the account's principals."""
    policy = policy_of(small_app, pull_accounts=["222222222222"])
    account, functions = policy["Account222222222222"], policy["LambdaFunctionsOf222222222222"]
    assert ":iam::222222222222:root" in json.dumps(account["Principal"])
    assert account["Action"] == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer",
    ]
    assert functions["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert ":lambda:eu-west-1:222222222222:function:*" in json.dumps(functions["Condition"])


@pytest.mark.parametrize("last", ["destroy", "retain", None])
def test_what_destroys_it_deletes_its_images_too_and_a_later_policy_counts(
    small_app: SmallApp, last: str | None
) -> None:
    """CloudFormation deletes no repository that still has images."""
    stack = small_app.stack("Repositories")
    first = cdk.RemovalPolicy.RETAIN if last == "destroy" else cdk.RemovalPolicy.DESTROY
    small_app.repository("api-dev", stack, removal_policy=first)
    if last is not None:
        getattr(cdk.RemovalPolicies.of(stack), last)()
    Template.from_stack(stack).has_resource(
        REPOSITORY,
        {
            "DeletionPolicy": "Retain" if last == "retain" else "Delete",
            "Properties": {"EmptyOnDelete": last != "retain"},
        },
    )


def test_puts_out_name_uri_and_login_command_on_request(small_app: SmallApp) -> None:
    stack = small_app.stack("Repositories")
    small_app.repository("api-dev", stack).add_outputs()
    outputs = Template.from_stack(stack).find_outputs("*")
    assert {name: output["Value"] for name, output in outputs.items()} == {
        "ApiDevRepositoryName": "api-dev",
        "ApiDevRepositoryUri": f"{REGISTRY}/api-dev",
        "ApiDevLoginCommand": (
            f"aws ecr get-login-password --region eu-west-1 | docker login --username AWS --password-stdin {REGISTRY}"
        ),
    }


def test_two_repositories_of_one_name_are_refused_but_in_another_place(small_app: SmallApp) -> None:
    small_app.repository("api-dev", small_app.stack("One"))
    with refused(
        "repository_name: 'Two/api-dev' would make a repository that 'One/api-dev' makes already, got 'api-dev' in "
        "111111111111/eu-west-1; choose another name, or use the one repository for both"
    ):
        small_app.repository("api-dev", small_app.stack("Two"))
    elsewhere = cdk.Environment(account="111111111111", region="us-east-1")
    small_app.repository("api-dev", small_app.stack("Elsewhere", env=elsewhere))


def test_what_is_not_an_account_is_refused(small_app: SmallApp) -> None:
    with refused("pull_accounts: must be ids of 12 digits, got '22'; use ['111111111111']"):
        template_of(small_app, pull_accounts=["22"])


@pytest.mark.parametrize(
    ("place", "got"),
    [
        ({}, "no account and no region"),
        ({"account": "111111111111"}, "account '111111111111' and no region"),
        ({"region": "eu-west-1"}, "no account and region 'eu-west-1'"),
    ],
)
def test_a_stack_without_account_or_region_is_refused(
    small_app: SmallApp, place: dict[str, str], got: str
) -> None:
    """Both are named at once."""
    with refused(
        "env: stack 'Agnostic' needs a literal account and region, because images are built before CloudFormation knows "
        f'tokens, got {got}; use Stack(…, env=aws_cdk.Environment(account="111111111111", region="eu-west-1"))'
    ):
        small_app.repository("api-dev", small_app.stack("Agnostic", env=cdk.Environment(**place)))


def test_a_repository_in_a_nested_stack_is_refused(small_app: SmallApp) -> None:
    nested = cdk.NestedStack(small_app.stack("Repositories"), "Nested")
    with refused(
        "repository: images are built after whole stacks, got 'Repositories/Nested/api-dev' in a nested stack; put the "
        "repository into a stack of its own, or into the nested stack's parent"
    ):
        small_app.repository("api-dev", nested)


def test_a_token_in_a_repository_name_is_refused(small_app: SmallApp) -> None:
    name = f"api-{cdk.Token.as_string({'Ref': 'Stage'})}"
    message = r"^repository_name: images are built before CloudFormation knows tokens, got 'api-\$\{Token\[.*\]\}'; "
    with pytest.raises(
        ScopedImagesError,
        match=message + re.escape("use a literal, such as f'upload-{environment.name}'") + "$",
    ):
        small_app.repository("api", small_app.stack("Stack"), repository_name=name)


@pytest.mark.parametrize("synthesizer", [cdk.DefaultStackSynthesizer, cdk.LegacyStackSynthesizer])
def test_a_synthesizer_that_does_not_name_its_role_is_refused(small_app: SmallApp, synthesizer: Any) -> None:
    stack = small_app.stack("Stock", synthesizer=synthesizer())
    with refused(
        f"synthesizer: only OrderedAssets names the role that publishes images, got {synthesizer.__name__} for stack "
        "'Stock'; use Stack(…, synthesizer=OrderedAssets()), or for the whole app "
        "App(default_stack_synthesizer=OrderedAssets())"
    ):
        small_app.repository("api-dev", stack)
