"""Base images are published by their content, tagged by a small function, and read by what is built from them."""

from __future__ import annotations

from typing import Literal

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from scoped_images import BuildOptions
from tests.cdk.base_stacks import base_in_own_stack, dependent_of, destinations
from tests.cdk.image_users import waits_for
from tests.cdk.registry_resources import moved_tags
from tests.cdk.small_app import BOTH, REGISTRY, SmallApp


def test_is_pushed_by_its_content_tagged_as_stable_and_read_by_its_content(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    dependent_of(small_app, base)
    template = Template.from_stack(cdk.Stack.of(base))
    assert moved_tags(template) == [
        {
            "RegistryId": "111111111111",
            "RepositoryName": "base-dev",
            "FromTag": base.content_tag,
            "ImageTag": "stable",
        }
    ]
    # Its program of 50 MB copies to other places only.
    template.resource_count_is("Custom::CDKECRDeployment", 0)
    assert destinations(small_app.synth(), "Base") == {("base-dev", base.content_tag)}
    assert base.uri == f"{REGISTRY}/base-dev:{base.content_tag}"
    (asset,) = small_app.assets()
    assert asset["source"]["dockerBuildArgs"] == {"BASE_IMAGE_URI": base.uri}


def test_named_bases_are_contexts_and_count(small_app: SmallApp) -> None:
    first, second = (
        small_app.base(small_app.stack(name), name, small_app.repository(f"{name}-dev"))
        for name in ("first", "second")
    )
    context = small_app.context("copying", "COPY --from=base-second / /\n")
    stack, given = small_app.stack("App"), {"platforms": first.platforms, "base": first, "context": context}
    plain = small_app.image(stack, "plain", **given)
    named = small_app.image(stack, "named", **given, named_bases={"base-second": second})
    assert plain.specs[0].content_tag != named.specs[0].content_tag
    assert [asset["source"].get("dockerBuildContexts") for asset in small_app.assets()] == [
        None,
        {"base-second": f"docker-image://{second.uri}"},
    ]
    assert waits_for(small_app, "App") == {"first", "second"}


def test_dependents_of_several_platforms_are_built_from_one_index(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app, platform=None, platforms=BOTH)
    image = dependent_of(small_app, base)
    template = Template.from_stack(cdk.Stack.of(base))
    ((index_id, index),) = template.find_resources("Custom::ScopedImagesIndex").items()
    (tags,) = template.find_resources("Custom::ScopedImagesTags").values()
    assert index["Properties"]["ImageTag"] == base.content_tag == base.uri.partition(":")[2]
    assert [tag["FromTag"] for tag in moved_tags(template)] == [base.content_tag]
    assert index_id in tags["DependsOn"]
    assert destinations(small_app.synth(), "Base") == {("base-dev", spec.content_tag) for spec in base.specs}
    assert image.specs[0].base is not None
    assert image.specs[0].base.uri == base.uri


@pytest.mark.parametrize("cache", [None, False], ids=["by default", "not if the options say so"])
def test_caches_in_its_repository(small_app: SmallApp, cache: Literal[False] | None) -> None:
    base_in_own_stack(small_app, options=BuildOptions(cache=cache))
    (asset,) = small_app.assets("Base")
    source, ref = asset["source"], f"{REGISTRY}/base-dev:cache-linux-arm64"
    found = [option["params"]["ref"] for option in source.get("cacheFrom", [])]
    assert found == ([ref] if cache is None else [])
    assert source.get("cacheTo", {}).get("params", {}).get("ref") == (ref if cache is None else None)
