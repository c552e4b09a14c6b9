"""An image of several platforms: an index for containers, an image of one platform for a function."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from scoped_images import BuildOptions, RegistryCache, RepositoryAddress, ScopedImage
from tests.cdk.image_users import task_of
from tests.cdk.small_app import BOTH, SmallApp
from tests.refusals import refused


def several(small_app: SmallApp, **options: Any) -> ScopedImage:
    repository = small_app.repository("app-dev")
    return small_app.image(small_app.stack("App"), platforms=BOTH, repository=repository, **options)


@pytest.mark.parametrize("pin_digest", [True, False])
def test_of_several_platforms_containers_get_the_index_and_functions_one_image(
    small_app: SmallApp, pin_digest: bool
) -> None:
    image = several(small_app, pin_digest=pin_digest)
    stack = cdk.Stack.of(image)
    for platform in BOTH:
        code = image.to_lambda_code(platform=platform)
        lambda_.DockerImageFunction(stack, platform.slug, code=code)
    task_of(stack, image)
    template = Template.from_stack(stack)
    ((index_id, index),) = template.find_resources("Custom::ScopedImagesIndex").items()
    assert index["Properties"]["Images"] == {str(spec.platform): spec.content_tag for spec in image.specs}
    assert index["Properties"]["ImageTag"] == image.tag
    assert "Again" not in index["Properties"]
    functions = template.find_resources("AWS::Lambda::Function", {"Properties": {"PackageType": "Image"}})
    architectures = {f["Properties"]["Architectures"][0] for f in functions.values()}
    assert architectures == {"arm64", "x86_64"}
    (task,) = template.find_resources("AWS::ECS::TaskDefinition").values()
    uri = json.dumps(task["Properties"]["ContainerDefinitions"][0]["Image"])
    assert (index_id if pin_digest else image.tag) in uri
    assert "RuntimePlatform" not in task["Properties"]
    assert not any(index_id in json.dumps(f["Properties"]["Code"]) for f in functions.values())


def test_after_images_were_deleted_by_hand_digests_and_indexes_are_asked_for_again(
    small_app: SmallApp,
) -> None:
    small_app.app.node.set_context("scoped-images:again", "2026-11-21")
    image = several(small_app, pin_digest=True)
    image.to_lambda_code(platform=BOTH[0])
    template = Template.from_stack(cdk.Stack.of(image))
    for kind in ("Custom::ScopedImagesDigests", "Custom::ScopedImagesIndex"):
        template.resource_properties_count_is(kind, {"Again": "2026-11-21"}, 1)


@pytest.mark.parametrize("given", [True, False])
def test_each_platform_has_a_cache_of_its_own(small_app: SmallApp, given: bool) -> None:
    address = RepositoryAddress(account="111111111111", region="eu-west-1", name="app-dev")
    cache = RegistryCache(repository=address, platform=BOTH[0]) if given else None
    several(small_app, options=BuildOptions(cache=cache))
    sources = [image["source"] for image in small_app.assets()]
    refs = {each["platform"]: each["cacheTo"]["params"]["ref"].partition(":")[2] for each in sources}
    assert refs == {"linux/arm64": "cache-linux-arm64", "linux/amd64": "cache-linux-amd64"}


def test_a_context_may_depend_on_the_platform(small_app: SmallApp) -> None:
    image = several(small_app, context=lambda platform: small_app.context(platform.slug))
    assert [spec.context.root.name for spec in image.specs] == ["linux-arm64", "linux-amd64"]


def test_a_function_of_several_platforms_names_one(small_app: SmallApp) -> None:
    image = several(small_app)
    with refused(
        "platform: Lambda takes no index, got None for 'App/Image'; pass one of linux/arm64 and linux/amd64"
    ):
        image.to_lambda_code()
