"""Which images are built, and which of them from which."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scoped_images.building.assembly import BASE_METADATA, Assembly, read_assembly
from scoped_images.building.bake_file import bake_file
from scoped_images.building.plan import BuildPlan, RegistryState, plan, unbuilt_bases
from tests.unit.building.small_assembly import HOST, docker_image, on, uri, write_assembly


def states(assembly: Assembly, present: tuple[str, ...] = ()) -> dict[Any, RegistryState]:
    """What the registry answers if it has the images of these repositories."""
    return {
        each: RegistryState(
            uri=f"{HOST}/{each.repository}:{each.tag}",
            digest="sha256:1" if each.repository in present else None,
        )
        for image in assembly.images
        for each in image.destinations
    }


def planned(
    folder: Path, images: Mapping[str, Mapping[str, Any]], *, present: tuple[str, ...] = (), **more: Any
) -> BuildPlan:
    """The plan for the images of one stack."""
    assembly = read_assembly(write_assembly(folder, images, **more))
    return plan(assembly, states(assembly, present))


def bases(build: BuildPlan) -> dict[str, tuple[str, ...]]:
    """The bases of each target, in the plan's order."""
    return {target.name: target.bases for target in build.targets}


def base_metadata(reference: str, **images: str) -> dict[str, Any]:
    """The metadata of a BaseImage."""
    named = {name.replace("_", "/"): content for name, content in images.items()}
    return {"/b": [{"type": BASE_METADATA, "data": {"reference": reference, "images": named}}]}


def test_only_images_that_are_missing_are_built(tmp_path: Path) -> None:
    build = planned(tmp_path, {"1": docker_image("here"), "2": docker_image("gone")}, present=("here",))
    assert [target.tags for target in build.targets] == [(uri("gone"),)]
    assert [image.name for image in build.present] == ["stack/here"]


def test_a_chain_is_one_graph_with_bases_first(tmp_path: Path) -> None:
    images = {
        "1": docker_image("tail", **on("two")),
        "2": docker_image("two", **on("one")),
        "3": docker_image("one"),
    }
    build = planned(tmp_path, images)
    assert bases(build) == {"stack-one": (), "stack-two": ("stack-one",), "stack-tail": ("stack-two",)}
    assert build.targets[2].contexts == {uri("two"): "target:stack-two"}


def test_a_diamond_takes_both_sides_from_their_targets(tmp_path: Path) -> None:
    top = docker_image("top", **on("left"), dockerBuildContexts={"right": f"docker-image://{uri('right')}"})
    images = {
        "1": top,
        "2": docker_image("left", **on("root")),
        "3": docker_image("right", **on("root")),
        "4": docker_image("root"),
    }
    build = planned(tmp_path, images)
    assert set(bases(build)["stack-top"]) == {"stack-left", "stack-right"}
    assert next(iter(bases(build))) == "stack-root"
    assert build.targets[-1].contexts == {uri("left"): "target:stack-left", "right": "target:stack-right"}
    assert [target.name for target in build.with_bases("stack-left")] == ["stack-root", "stack-left"]
    assert build.dependents_of({"stack-left"}) == {"stack-top"}


def test_a_base_that_the_registry_has_is_read_from_there(tmp_path: Path) -> None:
    build = planned(
        tmp_path, {"1": docker_image("base"), "2": docker_image("top", **on("base"))}, present=("base",)
    )
    assert [(target.name, target.contexts) for target in build.targets] == [("stack-top", {})]


@pytest.mark.parametrize("present", [(), ("base-arm",)], ids=["missing", "in the registry"])
def test_a_reference_to_an_index_or_a_moving_tag_is_the_platform_s_own_image(
    tmp_path: Path, present: tuple[str, ...]
) -> None:
    """Neither exists before the base's stack is deployed, and a moving one names the image of yesterday."""
    reference = f"{HOST}/base:stable"
    build = planned(
        tmp_path,
        {
            "1": docker_image("base-amd"),
            "2": docker_image("base-arm", platform="linux/arm64"),
            "3": docker_image("top", platform="linux/arm64", dockerBuildArgs={"BASE_IMAGE_URI": reference}),
        },
        present=present,
        metadata=base_metadata(reference, linux_amd64=uri("base-amd"), linux_arm64=uri("base-arm")),
    )
    expected = f"docker-image://{uri('base-arm')}" if present else "target:stack-base-arm"
    assert build.targets[-1].contexts == {reference: expected}


def test_images_of_one_name_get_targets_of_their_own(tmp_path: Path) -> None:
    def named(repository: str, platform: str) -> dict[str, Any]:
        return {**docker_image(repository, platform=platform), "displayName": "app/é image"}

    build = planned(
        tmp_path,
        {"1": named("a", "linux/amd64"), "2": named("b", "linux/arm64"), "3": named("c", "linux/arm64")},
    )
    assert list(bases(build)) == ["app-image", "app-image-linux-arm64", "app-image-2"]


def test_no_target_has_the_name_of_the_group_of_all(tmp_path: Path) -> None:
    build = planned(tmp_path, {"1": {**docker_image("a"), "displayName": "default"}})
    assert list(bases(build)) == ["default-linux-amd64"]


def test_an_asset_that_two_stacks_share_is_built_once(tmp_path: Path) -> None:
    write_assembly(tmp_path / "stage", {"1": docker_image("api")}, stack="other")
    build = planned(tmp_path, {"1": docker_image("api")}, nested="stage")
    assert [target.tags for target in build.targets] == [(uri("api"),)]


def test_of_two_destinations_only_the_missing_one_is_pushed(tmp_path: Path) -> None:
    both = {name: {"repositoryName": name, "imageTag": "x"} for name in ("here", "there")}
    build = planned(tmp_path, {"1": docker_image("api", destinations=both)}, present=("here",))
    assert [target.tags for target in build.targets] == [(f"{HOST}/there:x",)]


def test_only_images_of_the_platform_asked_for_are_built(tmp_path: Path) -> None:
    images = {
        "1": docker_image("amd"),
        "2": docker_image("arm", platform="linux/arm64"),
        "3": docker_image("any", platform=None),
        "4": {**docker_image("odd"), "source": {"executable": ["make"]}},
    }
    assembly = read_assembly(write_assembly(tmp_path, images))
    build = plan(assembly, states(assembly), platform="linux/arm64")
    assert list(bases(build)) == ["stack-arm"]
    assert [(image.name, image.why) for image in build.skipped] == [
        ("stack/odd", "a command of its own builds it"),
        ("stack/any", "it names no platform"),
    ]


def test_a_base_that_no_asset_builds_must_be_deployed_before(tmp_path: Path) -> None:
    """A RemoteBuilder builds it while its stack deploys."""
    assembly = read_assembly(
        write_assembly(
            tmp_path,
            {"1": docker_image("top", **on("remote")), "2": docker_image("alone")},
            metadata=base_metadata(uri("remote"), linux_amd64=uri("remote")),
        )
    )
    there = states(assembly)
    found = unbuilt_bases(assembly, plan(assembly, there), there)
    assert {content: (base.stack, target.name) for content, (base, target) in found.items()} == {
        uri("remote"): ("app/stack", "stack-top")
    }


def test_a_base_that_no_asset_builds_may_share_a_repository_with_images(tmp_path: Path) -> None:
    remote = f"{HOST}/top:sha-remote"
    assembly = read_assembly(
        write_assembly(
            tmp_path,
            {"1": docker_image("top", dockerBuildArgs={"BASE_IMAGE_URI": remote})},
            metadata=base_metadata(remote, linux_amd64=remote),
        )
    )
    there = states(assembly)
    assert list(unbuilt_bases(assembly, plan(assembly, there), there)) == [remote]


def test_a_bake_file_has_the_image_s_options_with_nothing_for_hcl_to_expand(tmp_path: Path) -> None:
    image = docker_image("api", dockerBuildArgs={"PRICE${X}": "${HOME} %{if}"}, cacheDisabled=True)
    build = planned(tmp_path, {"1": image})
    assert bake_file(build.targets, push={"stack-api"}) == {
        "group": {"default": {"targets": ["stack-api"]}},
        "target": {
            "stack-api": {
                "context": f"{tmp_path}/asset.api",
                "dockerfile": f"{tmp_path}/asset.api/Dockerfile",
                "args": {"PRICE$${X}": "$${HOME} %%{if}"},
                "platforms": ["linux/amd64"],
                "no-cache": True,
                "tags": [uri("api")],
                "output": ["type=image,push=true,unpack=false,store=false,oci-mediatypes=false"],
            }
        },
    }


def test_a_target_that_is_only_a_base_is_neither_pushed_nor_cached(tmp_path: Path) -> None:
    cache = {"cacheTo": {"type": "registry", "params": {"ref": "r:cache"}}}
    build = planned(
        tmp_path, {"1": docker_image("base", **cache), "2": docker_image("top", **on("base"), **cache)}
    )
    content = bake_file(build.targets, push={"stack-top"})
    assert content["group"] == {"default": {"targets": ["stack-top"]}}
    assert content["target"]["stack-base"]["output"] == ["type=cacheonly"]
    assert {"cache-to", "tags"} & content["target"]["stack-base"].keys() == set()
    assert content["target"]["stack-top"]["cache-to"] == ["type=registry,ref=r:cache"]
