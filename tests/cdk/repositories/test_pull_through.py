"""A pull-through cache makes its rule, its repositories' template, and the rights to pull through it."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Match, Template

from scoped_images import OrderedAssets, PullThroughCache, ScopedImagesError, UpstreamImages
from tests.cdk.small_app import REGISTRY, SmallApp

RULE, TEMPLATE = "AWS::ECR::PullThroughCacheRule", "AWS::ECR::RepositoryCreationTemplate"
REPOSITORIES = {
    "Fn::Join": [
        "",
        ["arn:", {"Ref": "AWS::Partition"}, ":ecr:eu-west-1:111111111111:repository/ecr-public/*"],
    ]
}
PULL_THROUGH = {
    "Effect": "Allow",
    "Action": [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:BatchImportUpstreamImage",
        "ecr:CreateRepository",
        "ecr:GetDownloadUrlForLayer",
    ],
    "Resource": REPOSITORIES,
}


def cache(small_app: SmallApp, **options: Any) -> tuple[PullThroughCache, Template]:
    stack = small_app.stack("Mirror")
    made = PullThroughCache(stack, "Cache", **options)
    return made, Template.from_stack(stack)


def test_its_mirror_is_what_upstream_images_take(small_app: SmallApp) -> None:
    made, _ = cache(small_app)
    assert made.mirror == {"public.ecr.aws": f"{REGISTRY}/ecr-public"}
    assert UpstreamImages(mirrors=made.mirror).context_for("public.ecr.aws/lambda/python:3.13") == (
        f"docker-image://{REGISTRY}/ecr-public/lambda/python:3.13"
    )


def test_makes_the_rule_after_the_template_and_the_rights(small_app: SmallApp) -> None:
    """A pull in between would make a repository without the template. Cached tags follow upstream."""
    _, template = cache(small_app)
    before = [Match.string_like_regexp(name) for name in ("CachePublishingRolePolicy", "CacheTemplate")]
    rule = {
        "EcrRepositoryPrefix": "ecr-public",
        "UpstreamRegistry": "ecr-public",
        "UpstreamRegistryUrl": "public.ecr.aws",
        "CredentialArn": Match.absent(),
    }
    template.has_resource(RULE, {"Properties": rule, "DependsOn": Match.array_with(before)})
    template.has_resource_properties(
        TEMPLATE,
        {
            "Prefix": "ecr-public",
            "AppliedFor": ["PULL_THROUGH_CACHE"],
            "EncryptionConfiguration": {"EncryptionType": "AES256"},
            "ImageTagMutability": "MUTABLE",
            "CustomRoleArn": Match.absent(),
        },
    )


def test_the_publishing_role_and_who_is_let_may_pull_and_import_below_the_prefix_only(
    small_app: SmallApp,
) -> None:
    stack = small_app.stack("Mirror")
    role = iam.Role(stack, "Builder", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    PullThroughCache(stack, "Cache").grant_pull(role)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::ECR::RegistryPolicy", 0)
    for name in (
        "cdk-hnb659fds-image-publishing-role-111111111111-eu-west-1",
        {"Ref": Match.string_like_regexp("Builder")},
    ):
        policy = {"Roles": [name], "PolicyDocument": {"Statement": [PULL_THROUGH]}}
        template.has_resource_properties("AWS::IAM::Policy", policy)


def test_a_key_that_is_given_comes_with_a_role_that_may_use_it(small_app: SmallApp) -> None:
    stack = small_app.stack("Mirror")
    PullThroughCache(stack, "Cache", encryption_key=kms.Key(stack, "Key"))
    template = Template.from_stack(stack)
    template.has_resource_properties(
        TEMPLATE,
        {
            "EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": Match.any_value()},
            "CustomRoleArn": {"Fn::GetAtt": [Match.string_like_regexp("CacheCreationRole"), "Arn"]},
        },
    )
    create = {"Action": ["ecr:CreateRepository", "ecr:ReplicateImage"], "Resource": REPOSITORIES}
    use_key = {"Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"]}
    statements = [Match.object_like(create), Match.object_like(use_key)]
    template.has_resource_properties("AWS::IAM::Policy", {"PolicyDocument": {"Statement": statements}})


def test_docker_hub_is_cached_with_a_login_under_the_name_that_dockerfiles_use(small_app: SmallApp) -> None:
    secret = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:ecr-pullthroughcache/hub-AbCdEf"
    made, template = cache(small_app, prefix="hub", upstream="docker.io", credential_arn=secret)
    assert list(made.mirror) == ["docker.io"]
    template.has_resource_properties(
        RULE,
        {
            "UpstreamRegistry": "docker-hub",
            "UpstreamRegistryUrl": "registry-1.docker.io",
            "CredentialArn": secret,
        },
    )


def test_a_publishing_role_of_another_account_is_an_error(small_app: SmallApp) -> None:
    arn = "arn:aws:iam::222222222222:role/publisher"
    stack = small_app.stack("Mirror", synthesizer=OrderedAssets(image_asset_publishing_role_arn=arn))
    with pytest.raises(
        ScopedImagesError,
        match=r"image_asset_publishing_role_arn: must be a role of account 1{12}, got arn:",
    ):
        PullThroughCache(stack, "Cache")
