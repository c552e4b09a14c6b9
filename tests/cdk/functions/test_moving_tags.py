"""A second tag for each environment, on whatever image its stack deployed last."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Annotations, Match, Template

from scoped_images import ImageRepository, Platform, RemoteBuilder, ScopedImage
from tests.cdk.registry_resources import looked_up, moved_tags
from tests.cdk.small_app import SmallApp
from tests.refusals import refused


def image_in(small_app: SmallApp, stack: cdk.Stack, name: str, **options: Any) -> ScopedImage:
    return ScopedImage(stack, name, context=small_app.context(name), **options)


def repository_of(stack: cdk.Stack) -> dict[str, Any]:
    (resource,) = Template.from_stack(stack).find_resources("AWS::ECR::Repository").values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def test_the_tag_is_moved_from_the_content_that_the_stack_pushed(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    stack = small_app.stack("App")
    image = image_in(small_app, stack, "app", repository=repository, moving_tag="dev")
    template = Template.from_stack(stack)
    assert moved_tags(template) == [
        {"RegistryId": "111111111111", "RepositoryName": "app-dev", "FromTag": image.tag, "ImageTag": "dev"}
    ]
    assert looked_up(template) == []


def test_of_several_platforms_the_index_has_the_tag_once_it_is_put(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    stack = small_app.stack("App")
    image = image_in(
        small_app, stack, "app", repository=repository, moving_tag="dev", platforms=list(Platform)
    )
    template = Template.from_stack(stack)
    (index,) = template.find_resources("Custom::ScopedImagesIndex")
    (tags,) = template.find_resources("Custom::ScopedImagesTags").values()
    assert [each["FromTag"] for each in moved_tags(template)] == [image.tag]
    assert index in tags["DependsOn"]


def test_a_remote_build_is_done_before_the_tag_moves(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    builder = RemoteBuilder(small_app.stack("Builder"), "Builder", environment_name="dev")
    stack = small_app.stack("App")
    image_in(small_app, stack, "app", repository=repository, moving_tag="dev", builder=builder)
    template = Template.from_stack(stack)
    (build,) = template.find_resources("Custom::ScopedImagesRemoteBuild")
    (tags,) = template.find_resources("Custom::ScopedImagesTags").values()
    assert build in tags["DependsOn"]
    assert moved_tags(template)[0]["FromTag"] == {"Fn::GetAtt": [build, "Tag"]}


def test_the_repository_lets_the_tag_move_and_never_expires_its_image(small_app: SmallApp) -> None:
    repositories, stack = small_app.stack("Repositories"), small_app.stack("App")
    repository = small_app.repository("app-dev", repositories)
    for name, tag in (("one", "dev"), ("two", "qa")):
        image_in(small_app, stack, name, repository=repository, moving_tag=tag)
    made = repository_of(repositories)
    filters = [
        each["ImageTagMutabilityExclusionFilterValue"] for each in made["ImageTagMutabilityExclusionFilters"]
    ]
    assert filters == ["cache*", "git-*", "stable", "dev", "qa"]
    rules = json.loads(made["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [each["description"] for each in rules[:4]] == [
        "never expire stable",
        "never expire dev",
        "never expire qa",
        "never expire cache-linux-*",
    ]


def test_a_third_tag_is_more_than_ecr_takes(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    for tag in ("dev", "qa"):
        image_in(small_app, small_app.stack(tag), tag, repository=repository, moving_tag=tag)
    with refused(
        "moving_tag: ECR takes 5 patterns of tags that move, got 'prod' in addition to dev, qa for "
        "'Repositories/app-dev'; give the image a repository of its own"
    ):
        image_in(small_app, small_app.stack("prod"), "prod", repository=repository, moving_tag="prod")


def test_two_images_with_one_tag_are_refused(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    stack = small_app.stack("App")
    image_in(small_app, stack, "one", repository=repository, moving_tag="dev")
    with refused(
        "repository: 'App/two' would move the tag 'dev' of 'App/one', got 'app-dev' for both; give each a repository of "
        "its own"
    ):
        image_in(small_app, stack, "two", repository=repository, moving_tag="dev")


def test_of_a_repository_that_exists_synth_says_what_its_owner_must_allow(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    repository = ImageRepository.from_name(stack, "Repository", "app")
    image_in(small_app, stack, "app", repository=repository, moving_tag="dev")
    assert len(moved_tags(Template.from_stack(stack))) == 1
    Annotations.from_stack(stack).has_info(
        "/App/Repository",
        Match.string_like_regexp("repository 'app' is not an ImageRepository: 'dev' must be mutable there"),
    )
