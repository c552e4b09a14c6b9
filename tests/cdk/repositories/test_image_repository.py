"""Repositories scan, encrypt, keep content tags immutable, and let CDK publish."""

from __future__ import annotations

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Match, Template

from scoped_images import ImageRepository, OrderedAssets, ScopedImagesError
from tests.cdk.small_app import SmallApp
from tests.refusals import refused


def template_of(small_app: SmallApp, **options: Any) -> Template:
    stack = small_app.stack("Repositories")
    small_app.repository("api-dev", stack, **options)
    return Template.from_stack(stack)


def test_scans_on_push_and_encrypts(small_app: SmallApp) -> None:
    """AES-256 is what ECR does without an EncryptionConfiguration."""
    template_of(small_app).has_resource_properties(
        "AWS::ECR::Repository",
        {
            "RepositoryName": "api-dev",
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "EncryptionConfiguration": Match.absent(),
        },
    )


def test_only_the_cache_and_the_moving_tags_are_mutable(small_app: SmallApp) -> None:
    template_of(small_app).has_resource_properties(
        "AWS::ECR::Repository",
        {
            "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "ImageTagMutabilityExclusionFilters": [
                {
                    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                    "ImageTagMutabilityExclusionFilterValue": "cache*",
                },
                {
                    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                    "ImageTagMutabilityExclusionFilterValue": "git-*",
                },
                {
                    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                    "ImageTagMutabilityExclusionFilterValue": "stable",
                },
            ],
        },
    )


def test_a_key_of_ones_own_encrypts(small_app: SmallApp) -> None:
    stack = small_app.stack("Repositories")
    small_app.repository("api-dev", stack, encryption_key=kms.Key(stack, "Key"))
    Template.from_stack(stack).has_resource_properties(
        "AWS::ECR::Repository",
        {"EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": Match.any_value()}},
    )


def test_the_image_publishing_role_may_pull_and_push(small_app: SmallApp) -> None:
    stack = small_app.stack("Repositories", synthesizer=OrderedAssets(qualifier="team1"))
    small_app.repository("api-dev", stack)
    resources = Template.from_stack(stack).find_resources("AWS::ECR::Repository")
    statement, _ = next(iter(resources.values()))["Properties"]["RepositoryPolicyText"]["Statement"]
    principal = json.dumps(statement["Principal"])
    assert "role/cdk-team1-image-publishing-role-111111111111-eu-west-1" in principal
    assert {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:PutImage"} <= set(statement["Action"])
    assert not [action for action in statement["Action"] if "*" in action or "Delete" in action]


def test_lambda_may_pull_for_functions_of_the_account(small_app: SmallApp) -> None:
    resources = template_of(small_app).find_resources("AWS::ECR::Repository")
    _, statement = next(iter(resources.values()))["Properties"]["RepositoryPolicyText"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert statement["Action"] == ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    assert ":lambda:eu-west-1:111111111111:function:*" in json.dumps(statement["Condition"])


def test_a_publishing_role_of_one_s_own_is_the_one_that_may(small_app: SmallApp) -> None:
    arn = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/publisher-${Qualifier}"
    synthesizer = OrderedAssets(qualifier="team1", image_asset_publishing_role_arn=arn)
    stack = small_app.stack("Repositories", synthesizer=synthesizer)
    small_app.repository("api-dev", stack)
    template = json.dumps(Template.from_stack(stack).to_json())
    assert ":iam::111111111111:role/publisher-team1" in template
    assert "image-publishing-role" not in template


def test_outlives_its_stack_unless_told_otherwise(small_app: SmallApp) -> None:
    template_of(small_app).has_resource(
        "AWS::ECR::Repository", {"DeletionPolicy": "Retain", "Properties": {"EmptyOnDelete": False}}
    )


def test_destroy_deletes_it_with_its_images(small_app: SmallApp) -> None:
    template_of(small_app, removal_policy=cdk.RemovalPolicy.DESTROY).has_resource(
        "AWS::ECR::Repository", {"DeletionPolicy": "Delete", "Properties": {"EmptyOnDelete": True}}
    )


def test_adds_no_outputs_by_itself(small_app: SmallApp) -> None:
    """CloudFormation allows 200 in a stack."""
    assert template_of(small_app).find_outputs("*") == {}


def test_puts_out_name_uri_and_login_command_on_request(small_app: SmallApp) -> None:
    stack = small_app.stack("Repositories")
    small_app.repository("api-dev", stack).add_outputs()
    outputs = Template.from_stack(stack).find_outputs("*")
    registry = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
    assert {name: output["Value"] for name, output in outputs.items()} == {
        "ApiDevRepositoryName": "api-dev",
        "ApiDevRepositoryUri": f"{registry}/api-dev",
        "ApiDevLoginCommand": (
            f"aws ecr get-login-password --region eu-west-1 | docker login --username AWS --password-stdin {registry}"
        ),
    }


@pytest.mark.parametrize("last", ["destroy", "retain"])
def test_a_removal_policy_that_is_set_later_counts(small_app: SmallApp, last: str) -> None:
    """CloudFormation deletes no repository that still has images."""
    stack = small_app.stack("Repositories")
    first = cdk.RemovalPolicy.RETAIN if last == "destroy" else cdk.RemovalPolicy.DESTROY
    small_app.repository("api-dev", stack, removal_policy=first)
    getattr(cdk.RemovalPolicies.of(stack), last)()
    Template.from_stack(stack).has_resource(
        "AWS::ECR::Repository",
        {
            "DeletionPolicy": "Delete" if last == "destroy" else "Retain",
            "Properties": {"EmptyOnDelete": last == "destroy"},
        },
    )


def test_two_repositories_of_one_name_are_refused(small_app: SmallApp) -> None:
    small_app.repository("api-dev", small_app.stack("One"))
    with refused(
        "repository_name: 'Two/api-dev' would make a repository that 'One/api-dev' makes already, got 'api-dev' in "
        "111111111111/eu-west-1; choose another name, or use the one repository for both"
    ):
        small_app.repository("api-dev", small_app.stack("Two"))
    elsewhere = cdk.Environment(account="111111111111", region="us-east-1")
    small_app.repository("api-dev", small_app.stack("Elsewhere", env=elsewhere))


def test_other_accounts_and_their_functions_may_pull(small_app: SmallApp) -> None:
    """As AWS documents it for Lambda; a function needs more than the account's principals."""
    template = template_of(small_app, pull_accounts=["222222222222"])
    (repository,) = template.find_resources("AWS::ECR::Repository").values()
    statements = {s["Sid"]: s for s in repository["Properties"]["RepositoryPolicyText"]["Statement"]}
    account, functions = statements["Account222222222222"], statements["LambdaFunctionsOf222222222222"]
    assert ":iam::222222222222:root" in json.dumps(account["Principal"])
    pull = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer",
    ]
    assert account["Action"] == pull
    assert functions["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert ":lambda:eu-west-1:222222222222:function:*" in json.dumps(functions["Condition"])


@pytest.mark.parametrize(
    ("accounts", "message"),
    [
        ("222222222222", "pull_accounts: must be a list, got '222222222222'; use ['222222222222']"),
        (["22"], "pull_accounts: must be ids of 12 digits, got '22'; use ['111111111111']"),
    ],
)
def test_what_is_not_an_account_is_refused(small_app: SmallApp, accounts: Any, message: str) -> None:
    with refused(message):
        template_of(small_app, pull_accounts=accounts)


def test_a_missing_lifecycle_is_refused(small_app: SmallApp) -> None:
    with pytest.raises(
        ScopedImagesError, match="lifecycle of 'Stack/Images': must be ImageLifecycle, got None; use"
    ):
        ImageRepository(small_app.stack("Stack"), "Images", repository_name="a-dev", lifecycle=None)  # type: ignore[arg-type]


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
    stack = small_app.stack("Stack")
    with pytest.raises(ScopedImagesError) as refused:
        small_app.repository(f"api-{cdk.Token.as_string({'Ref': 'Stage'})}", stack)
    assert re.fullmatch(
        r"repository_name: images are built before CloudFormation knows tokens, got 'api-\$\{Token\[TOKEN\.\d+\]\}'; use "
        r"a literal, such as f'upload-\{environment\.name\}'",
        str(refused.value),
    )


@pytest.mark.parametrize("synthesizer", [cdk.DefaultStackSynthesizer, cdk.LegacyStackSynthesizer])
def test_a_synthesizer_that_does_not_tell_its_role_is_refused(small_app: SmallApp, synthesizer: Any) -> None:
    stack = small_app.stack("Stock", synthesizer=synthesizer())
    with refused(
        f"synthesizer: only OrderedAssets names the role that publishes images, got {synthesizer.__name__} for stack "
        "'Stock'; use Stack(…, synthesizer=OrderedAssets()), or for the whole app "
        "App(default_stack_synthesizer=OrderedAssets())"
    ):
        small_app.repository("api-dev", stack)
