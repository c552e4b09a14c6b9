"""Base images are published by their content, tagged by a small function, and read by what is built from them."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk.assertions import Template

from scoped_images import BuildOptions
from tests.cdk.base_stacks import base_in_own_stack, dependent_of, destinations
from tests.cdk.registry_resources import moved_tags
from tests.cdk.small_app import BOTH, REGISTRY, SmallApp


def test_is_pushed_by_its_content_and_then_tagged_as_stable(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
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


def test_a_dependent_is_built_from_the_content_tag(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app)
    image = dependent_of(small_app, base)
    assert base.uri == f"{REGISTRY}/base-dev:{base.content_tag}"
    (asset,) = small_app.assets()
    assert asset["source"]["dockerBuildArgs"] == {"BASE_IMAGE_URI": base.uri}
    assert image.specs[0].base == base.published.reference


def test_named_bases_are_contexts_and_count(small_app: SmallApp) -> None:
    first, second = (
        small_app.base(small_app.stack(name), name, small_app.repository(f"{name}-dev"))
        for name in ("first", "second")
    )
    stack = small_app.stack("App")
    plain = small_app.image(stack, "plain", platforms=first.platforms, base=first)
    named = small_app.image(
        stack, "named", platforms=first.platforms, base=first, named_bases={"base-second": second}
    )
    assert plain.specs[0].content_tag != named.specs[0].content_tag
    files = small_app.synth()
    sources = [image["source"] for image in files["App.assets.json"]["dockerImages"].values()]
    assert [source.get("dockerBuildContexts") for source in sources] == [
        None,
        {"base-second": f"docker-image://{second.uri}"},
    ]
    dependencies = files["manifest.json"]["artifacts"]["App.assets"]["dependencies"]
    assert set(dependencies) == {"first", "second"}


def test_dependents_of_several_platforms_are_built_from_one_index(small_app: SmallApp) -> None:
    base = base_in_own_stack(small_app, platform=None, platforms=BOTH)
    template = Template.from_stack(cdk.Stack.of(base))
    ((index_id, index),) = template.find_resources("Custom::ScopedImagesIndex").items()
    (tags,) = template.find_resources("Custom::ScopedImagesTags").values()
    assert index["Properties"]["ImageTag"] == base.content_tag == base.uri.partition(":")[2]
    assert [tag["FromTag"] for tag in moved_tags(template)] == [base.content_tag]
    assert index_id in tags["DependsOn"]
    assert destinations(small_app.synth(), "Base") == {("base-dev", spec.content_tag) for spec in base.specs}
    assert dependent_of(small_app, base).specs[0].base == base.published.reference


def test_caches_in_its_repository(small_app: SmallApp) -> None:
    base_in_own_stack(small_app)
    (asset,) = small_app.assets("Base")
    ref = f"{REGISTRY}/base-dev:cache-linux-arm64"
    assert [option["params"]["ref"] for option in asset["source"]["cacheFrom"]] == [ref]
    assert asset["source"]["cacheTo"]["params"]["ref"] == ref


def test_cache_false_means_none(small_app: SmallApp) -> None:
    base_in_own_stack(small_app, options=BuildOptions(cache=False))
    (asset,) = small_app.assets("Base")
    assert asset["source"].keys().isdisjoint({"cacheFrom", "cacheTo"})
