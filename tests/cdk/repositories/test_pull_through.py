"""A pull-through cache makes its rule, its repositories' template, and the rights to pull through it."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Match, Template

from scoped_images import OrderedAssets, ScopedImagesError
from scoped_images.cdk.repositories.pull_through import PullThroughCache
from scoped_images.upstream.images import UpstreamImages
from tests.cdk.small_app import SmallApp

SECRET = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:ecr-pullthroughcache/hub-AbCdEf"
ARN = {
    "Fn::Join": [
        "",
        ["arn:", {"Ref": "AWS::Partition"}, ":ecr:eu-west-1:111111111111:repository/ecr-public/*"],
    ]
}


def cache(small_app: SmallApp, **options: Any) -> tuple[PullThroughCache, Template]:
    stack = small_app.stack("Mirror")
    made = PullThroughCache(stack, "Cache", **options)
    return made, Template.from_stack(stack)


def test_its_mirror_is_what_upstream_images_take(small_app: SmallApp) -> None:
    made, _ = cache(small_app)
    assert made.mirror == {"public.ecr.aws": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public"}
    assert UpstreamImages(mirrors=made.mirror).context_for("public.ecr.aws/lambda/python:3.13") == (
        "docker-image://111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public/lambda/python:3.13"
    )


def test_makes_the_rule_after_the_template_and_the_rights(small_app: SmallApp) -> None:
    """A pull in between would make a repository without the template."""
    _, template = cache(small_app)
    template.has_resource(
        "AWS::ECR::PullThroughCacheRule",
        {
            "Properties": {
                "EcrRepositoryPrefix": "ecr-public",
                "UpstreamRegistry": "ecr-public",
                "UpstreamRegistryUrl": "public.ecr.aws",
                "CredentialArn": Match.absent(),
            },
            "DependsOn": Match.array_with(
                [
                    Match.string_like_regexp("CachePublishingRolePolicy"),
                    Match.string_like_regexp("CacheTemplate"),
                ]
            ),
        },
    )


def test_cached_repositories_are_encrypted_and_their_tags_follow_upstream(small_app: SmallApp) -> None:
    _, template = cache(small_app)
    template.has_resource_properties(
        "AWS::ECR::RepositoryCreationTemplate",
        {
            "Prefix": "ecr-public",
            "AppliedFor": ["PULL_THROUGH_CACHE"],
            "EncryptionConfiguration": {"EncryptionType": "AES256"},
            "ImageTagMutability": "MUTABLE",
            "CustomRoleArn": Match.absent(),
        },
    )


def test_the_publishing_role_may_pull_and_import_below_the_prefix_only(small_app: SmallApp) -> None:
    _, template = cache(small_app)
    template.resource_count_is("AWS::ECR::RegistryPolicy", 0)
    template.has_resource_properties(
        "AWS::IAM::Policy",
        {
            "Roles": ["cdk-hnb659fds-image-publishing-role-111111111111-eu-west-1"],
            "PolicyDocument": {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": [
                            "ecr:BatchCheckLayerAvailability",
                            "ecr:BatchGetImage",
                            "ecr:BatchImportUpstreamImage",
                            "ecr:CreateRepository",
                            "ecr:GetDownloadUrlForLayer",
                        ],
                        "Resource": ARN,
                    }
                ]
            },
        },
    )


def test_others_may_pull_when_they_are_let(small_app: SmallApp) -> None:
    stack = small_app.stack("Mirror")
    role = iam.Role(stack, "Builder", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    PullThroughCache(stack, "Cache").grant_pull(role)
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "Roles": [{"Ref": Match.string_like_regexp("Builder")}],
            "PolicyDocument": {"Statement": [Match.object_like({"Resource": ARN})]},
        },
    )


def test_a_key_of_ones_own_comes_with_a_role_that_may_use_it(small_app: SmallApp) -> None:
    stack = small_app.stack("Mirror")
    PullThroughCache(stack, "Cache", encryption_key=kms.Key(stack, "Key"))
    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::ECR::RepositoryCreationTemplate",
        {
            "EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": Match.any_value()},
            "CustomRoleArn": {"Fn::GetAtt": [Match.string_like_regexp("CacheCreationRole"), "Arn"]},
        },
    )
    template.has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [
                    Match.object_like(
                        {"Action": ["ecr:CreateRepository", "ecr:ReplicateImage"], "Resource": ARN}
                    ),
                    Match.object_like({"Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"]}),
                ]
            }
        },
    )


def test_docker_hub_is_cached_with_a_login_under_the_name_that_dockerfiles_use(small_app: SmallApp) -> None:
    made, template = cache(small_app, prefix="hub", upstream="docker.io", credential_arn=SECRET)
    assert list(made.mirror) == ["docker.io"]
    template.has_resource_properties(
        "AWS::ECR::PullThroughCacheRule",
        {
            "UpstreamRegistry": "docker-hub",
            "UpstreamRegistryUrl": "registry-1.docker.io",
            "CredentialArn": SECRET,
        },
    )


def test_a_synthesizer_without_a_publishing_role_is_an_error(small_app: SmallApp) -> None:
    stack = small_app.stack("Mirror", synthesizer=cdk.DefaultStackSynthesizer())
    with pytest.raises(
        ScopedImagesError, match="synthesizer: only OrderedAssets names the role that publishes images"
    ):
        PullThroughCache(stack, "Cache")


def test_a_publishing_role_of_another_account_is_an_error(small_app: SmallApp) -> None:
    arn = "arn:aws:iam::222222222222:role/publisher"
    stack = small_app.stack("Mirror", synthesizer=OrderedAssets(image_asset_publishing_role_arn=arn))
    with pytest.raises(
        ScopedImagesError,
        match=r"image_asset_publishing_role_arn: must be a role of account 1{12}, got arn:",
    ):
        PullThroughCache(stack, "Cache")
