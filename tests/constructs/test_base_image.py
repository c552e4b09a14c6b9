"""Base images are published under a content tag and a moving one, by a function that reaches two repositories."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from scoped_images import Platform, ScopedContext, ScopedImage, ScopedImagesError
from tests.constructs.conftest import PLACE

REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"


def base_in_own_stack(small_app: Any, **options: Any) -> Any:
    repository = small_app.repository(small_app.stack("Repositories"), "base-dev")
    return small_app.base(small_app.stack("Base"), "base", repository, **options)


def image_of(files: dict[str, Any], stack: str) -> dict[str, Any]:
    (image,) = files[f"{stack}.assets.json"]["dockerImages"].values()
    source: dict[str, Any] = image["source"]
    return source


def test_is_copied_as_stable_and_then_tagged_by_its_content(small_app: Any) -> None:
    base = base_in_own_stack(small_app)
    template = Template.from_stack(cdk.Stack.of(base))
    ((copy_id, copy),) = template.find_resources("Custom::CDKECRDeployment").items()
    (tag,) = template.find_resources("Custom::ScopedImagesTag").values()
    assert copy["Properties"]["DestImage"] == f"docker://{REGISTRY}/base-dev:stable"
    assert copy["Properties"]["ImageArch"] == "arm64"
    assert tag["Properties"]["FromTag"] == "stable"
    assert tag["Properties"]["ImageTag"] == base.spec.content_tag
    assert copy_id in tag["DependsOn"]


def test_the_copying_role_reaches_only_its_two_repositories(small_app: Any) -> None:
    base = base_in_own_stack(small_app)
    template = Template.from_stack(cdk.Stack.of(base))
    roles = template.find_resources("AWS::IAM::Role").values()
    (role,) = [role for role in roles if role["Properties"]["Description"].startswith("Copies one image")]
    assert "ManagedPolicyArns" not in role["Properties"]
    (policy,) = role["Properties"]["Policies"]
    wide = [s["Action"] for s in policy["PolicyDocument"]["Statement"] if s["Resource"] == "*"]
    assert wide == ["ecr:GetAuthorizationToken"]
    text = json.dumps(policy)
    assert "repository/base-dev" in text
    assert "repository/cdk-hnb659fds-container-assets-111111111111-eu-west-1" in text


def test_the_copying_function_logs_to_a_group_that_expires(small_app: Any) -> None:
    base = base_in_own_stack(small_app)
    template = Template.from_stack(cdk.Stack.of(base))
    (function,) = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"Runtime": "provided.al2023"}}
    ).values()
    group = template.to_json()["Resources"][function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group["Properties"]["RetentionInDays"] == 30


def test_a_second_base_in_a_stack_is_refused(small_app: Any) -> None:
    base = base_in_own_stack(small_app)
    other = small_app.repository(small_app.stack("Others"), "other-dev")
    with pytest.raises(
        ScopedImagesError, match="stack 'Base' has the base image 'Base/base' already: put 'Base/other'"
    ):
        small_app.base(cdk.Stack.of(base), "other", other)


def test_a_second_base_in_a_repository_is_refused(small_app: Any) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "base-dev")
    small_app.base(small_app.stack("Base"), "base", repository)
    with pytest.raises(ScopedImagesError, match="'Other/other' would move its tag 'stable'"):
        small_app.base(small_app.stack("Other"), "other", repository)


@pytest.mark.parametrize("place", [None, cdk.Environment(account="111111111111", region="us-east-1")])
def test_a_dependent_elsewhere_is_refused(small_app: Any, place: cdk.Environment | None) -> None:
    base = base_in_own_stack(small_app)
    with pytest.raises(ScopedImagesError, match=r"literal one|deploy both to one account and region"):
        ScopedImage(
            cdk.Stack(small_app.app, "App", env=place),
            "Image",
            context=small_app.context("app"),
            platform=base.platform,
            base=base,
        )


def test_a_dockerfile_that_does_not_take_the_base_is_refused(small_app: Any) -> None:
    base = base_in_own_stack(small_app)
    context = small_app.context("app")
    context.dockerfile.write_text("FROM scratch\nCOPY . /\n")
    with pytest.raises(ScopedImagesError, match="base is given, but Dockerfile has no ARG BASE_IMAGE_URI"):
        ScopedImage(
            small_app.stack("App"),
            "Image",
            context=ScopedContext.of(context.root),
            platform=base.platform,
            base=base,
        )


def test_a_base_in_another_stage_is_refused(small_app: Any) -> None:
    base = base_in_own_stack(small_app)
    stage = cdk.Stage(small_app.app, "Stage", env=PLACE)
    with pytest.raises(ScopedImagesError, match="are in different stages"):
        ScopedImage(
            cdk.Stack(stage, "App"),
            "Image",
            context=small_app.context("app"),
            platform=base.platform,
            base=base,
        )


def test_a_dependent_is_built_from_the_content_tag(small_app: Any) -> None:
    base = base_in_own_stack(small_app)
    image = ScopedImage(
        small_app.stack("App"), "Image", context=small_app.context("app"), platform=base.platform, base=base
    )
    assert base.uri == f"{REGISTRY}/base-dev:{base.spec.content_tag}"
    assert image_of(small_app.synth(), "App")["dockerBuildArgs"] == {"BASE_IMAGE_URI": base.uri}
    assert image.spec.base_uri == base.uri


def test_with_a_static_tag_dependents_stand_on_stable(small_app: Any) -> None:
    assert base_in_own_stack(small_app, tag="static").uri == f"{REGISTRY}/base-dev:stable"


def test_caches_in_its_repository(small_app: Any) -> None:
    base_in_own_stack(small_app)
    source = image_of(small_app.synth(), "Base")
    ref = f"{REGISTRY}/base-dev:cache-linux-arm64"
    assert [option["params"]["ref"] for option in source["cacheFrom"]] == [ref]
    assert source["cacheTo"]["params"]["ref"] == ref


def test_cache_false_means_none(small_app: Any) -> None:
    base_in_own_stack(small_app, cache=False)
    assert image_of(small_app.synth(), "Base").keys().isdisjoint({"cacheFrom", "cacheTo"})


def test_a_base_and_its_dependent_in_one_stack_are_refused(small_app: Any) -> None:
    base = base_in_own_stack(small_app)
    with pytest.raises(ScopedImagesError) as caught:
        ScopedImage(
            cdk.Stack.of(base), "Image", context=small_app.context("app"), platform=base.platform, base=base
        )
    assert str(caught.value) == (
        "'Base/Image' is in the same stack as its base image 'Base/base': the CLI builds all images of a stack before "
        "it deploys anything of it. Put 'Base/base' into a stack of its own"
    )


def test_a_base_and_its_repository_in_one_stack_are_refused(small_app: Any) -> None:
    stack = small_app.stack("One")
    repository = small_app.repository(stack, "base-dev")
    with pytest.raises(ScopedImagesError, match="is in the same stack as its repository 'One/base-dev'"):
        small_app.base(stack, "base", repository)


def test_a_stack_without_account_and_region_is_refused(small_app: Any) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "base-dev")
    with pytest.raises(ScopedImagesError, match="give the stack a literal one"):
        small_app.base(cdk.Stack(small_app.app, "Agnostic"), "base", repository)


def test_a_stack_in_another_region_is_refused(small_app: Any) -> None:
    repository = small_app.repository(small_app.stack("Repositories"), "base-dev")
    elsewhere = small_app.stack("Far", env=cdk.Environment(account="111111111111", region="us-east-1"))
    with pytest.raises(ScopedImagesError) as caught:
        small_app.base(elsewhere, "base", repository)
    assert str(caught.value) == (
        "stack 'Far' is in 111111111111/us-east-1, repository 'base-dev' in 111111111111/eu-west-1: deploy both to "
        "one account and region"
    )


def test_a_base_of_another_platform_is_refused(small_app: Any) -> None:
    base = base_in_own_stack(small_app)
    with pytest.raises(
        ScopedImagesError, match="is built for linux/amd64, its base image 'Base/base' for linux/arm64"
    ):
        ScopedImage(
            small_app.stack("App"),
            "Image",
            context=small_app.context("app"),
            platform=Platform.LINUX_AMD64,
            base=base,
        )


def test_an_unknown_tag_strategy_is_refused(small_app: Any) -> None:
    with pytest.raises(
        ScopedImagesError, match="tag of base image 'Base/base' is 'latest', and takes 'content'"
    ):
        base_in_own_stack(small_app, tag="latest")
