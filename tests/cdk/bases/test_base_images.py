"""A graph of base images becomes stacks that wait for each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Annotations, Match

from scoped_images import (
    BaseDeclaration,
    BaseImages,
    Environment,
    Platform,
    RefreshMarks,
    ScopedImage,
    ScopedImagesError,
)
from scoped_images.bases.derived_base import PUBLIC_IMAGE
from tests.cdk.small_app import SmallApp
from tests.refusals import refused
from tests.unit.workspace.repository import packages

ENV = Environment(
    name="dev",
    account="111111111111",
    region="eu-west-1",
    platform=Platform.LINUX_ARM64,
    max_images=5,
    untagged_days=1,
    base_tag="content",
    removal_policy="destroy",
)
STATIC = Environment(**{**vars(ENV), "base_tag": "static"})
MARK = f"sha256:{'1' * 64}"


def declared(small_app: SmallApp, graph: dict[str, tuple[str, ...]], **options: Any) -> list[BaseDeclaration]:
    return [
        BaseDeclaration(name=name, context=small_app.context(name), needs=needs, **options)
        for name, needs in graph.items()
    ]


def waits_for(files: dict[str, Any], stack: str) -> set[str]:
    return set(files["manifest.json"]["artifacts"][f"{stack}.assets"].get("dependencies", []))


def source_of(files: dict[str, Any], stack: str) -> dict[str, Any]:
    (image,) = files[f"{stack}.assets.json"]["dockerImages"].values()
    source: dict[str, Any] = image["source"]
    return source


def test_a_chain_is_one_stack_each_and_each_waits_for_the_one_before(small_app: SmallApp) -> None:
    graph = {"c": ("b",), "b": ("a",), "a": ()}
    bases = BaseImages(small_app.app, ENV, bases=declared(small_app, graph), prefix="app-dev")
    names = [stack.node.id for stack in bases.stacks]
    assert names == ["app-dev-base-repositories", "app-dev-base-a", "app-dev-base-b", "app-dev-base-c"]
    files = small_app.synth()
    for name, before in (("a", "repositories"), ("b", "a"), ("c", "b")):
        assert f"app-dev-base-{before}" in waits_for(files, f"app-dev-base-{name}")
    assert source_of(files, "app-dev-base-c")["dockerBuildArgs"] == {"BASE_IMAGE_URI": bases["b"].uri}
    assert [repository.address.name for repository in bases.repositories] == [
        "base-a-dev",
        "base-b-dev",
        "base-c-dev",
    ]


def test_the_library_s_own_dockerfile_gets_no_note_that_it_downloads_its_base(small_app: SmallApp) -> None:
    packages(small_app.directory, {"api": ["label"], "label": ["dynamo"], "dynamo": []})
    bases = BaseImages.from_workspace(small_app.app, ENV, root=small_app.directory, prefix="app-dev")
    assert bases["label"].specs[0].base is not None
    for stack in bases.stacks:
        assert Annotations.from_stack(stack).find_info("*", Match.any_value()) == []


@pytest.mark.parametrize(
    ("image", "option"),
    [(PUBLIC_IMAGE, "--derived"), ("python:3.13-slim", "--public-image python:3.13-slim")],
    ids=["the default", "the app's own"],
)
def test_an_unpinned_image_of_derived_bases_has_the_command_that_pins_it(
    small_app: SmallApp, image: str, option: str
) -> None:
    packages(small_app.directory, {"api": ["label"], "label": []})
    bases = BaseImages.from_workspace(
        small_app.app, ENV, root=small_app.directory, prefix="app-dev", public_image=image
    )
    found = [
        entry.entry.data
        for stack in bases.stacks
        for entry in Annotations.from_stack(stack).find_warning(
            "*", Match.string_like_regexp("is not pinned")
        )
    ]
    assert found == [
        f"{image} is not pinned, so no image is rebuilt when it changes; run scoped-images bases update {option} "
        "[ack: scoped-images:upstream]"
    ]


def test_a_diamond_stands_on_one_and_copies_from_the_other(small_app: SmallApp) -> None:
    graph = {"top": (), "left": ("top",), "right": ("top",), "bottom": ("left", "right")}
    bases = BaseImages(small_app.app, ENV, bases=declared(small_app, graph), prefix="app-dev")
    files = small_app.synth()
    source = source_of(files, "app-dev-base-bottom")
    assert source["dockerBuildArgs"] == {"BASE_IMAGE_URI": bases["left"].uri}
    assert source["dockerBuildContexts"] == {"base-right": f"docker-image://{bases['right'].uri}"}
    assert {"app-dev-base-left", "app-dev-base-right"} <= waits_for(files, "app-dev-base-bottom")


def test_repositories_may_be_in_a_stack_of_ones_own(small_app: SmallApp) -> None:
    home = small_app.stack("Repositories")
    bases = BaseImages(
        small_app.app, ENV, bases=declared(small_app, {"a": ()}), prefix="app-dev", repositories=home
    )
    assert [stack.node.id for stack in bases.stacks] == ["app-dev-base-a"]
    assert bases.repositories[0].node.path == "Repositories/base-a"


def test_a_base_may_have_platforms_of_its_own(small_app: SmallApp) -> None:
    both = (Platform.LINUX_ARM64, Platform.LINUX_AMD64)
    bases = BaseImages(
        small_app.app, ENV, bases=declared(small_app, {"a": ()}, platforms=both), prefix="app-dev"
    )
    assert bases["a"].platforms == both


@pytest.mark.parametrize(("name", "rebuilt"), [("a", True), ("b", False)])
def test_a_refresh_mark_rebuilds_what_stands_on_that_base_alone(
    tmp_path: Path, name: str, rebuilt: bool
) -> None:
    tags = []
    for folder, marks in (("before", {}), ("after", {"dev": {name: MARK}, "prod": {"a": MARK}})):
        (tmp_path / folder).mkdir()
        app = SmallApp(tmp_path / folder)
        bases = BaseImages(
            app.app,
            STATIC,
            bases=declared(app, {"a": (), "b": ()}),
            prefix="app-dev",
            refresh_marks=RefreshMarks(marks=marks),
        )
        image = ScopedImage(
            app.stack("App"),
            "Image",
            context=app.context("app"),
            platform=ENV.platform,
            base=bases["a"],
        )
        tags.append(image.specs[0].content_tag)
    assert (tags[0] != tags[1]) is rebuilt


def test_derived_bases_are_for_the_environments_platform_or_for_several(
    small_app: SmallApp, tmp_path: Path
) -> None:
    """Functions on arm64 and services on amd64 are built from one index."""
    packages(tmp_path / "repository", {"app": ["lib", "other"], "lib": [], "other": []})
    both = (Platform.LINUX_ARM64, Platform.LINUX_AMD64)
    several = BaseImages.from_workspace(
        small_app.app,
        ENV,
        root=tmp_path / "repository",
        prefix="several",
        platforms=both,
        exclude=["*/other"],
        declared=declared(small_app, {"other": ()}),
    )
    assert several["lib"].platforms == both
    service = ScopedImage(
        small_app.stack("Service"),
        "Image",
        context=small_app.context("service"),
        platform=Platform.LINUX_AMD64,
        base=several.of("app").base,
    )
    assert service.specs[0].base is not None
    assert service.specs[0].base.uri == several["lib"].uri


def test_what_is_not_known_of_a_workspace_is_annotated(small_app: SmallApp, tmp_path: Path) -> None:
    packages(tmp_path / "repository", {"app": ["lib"], "lib": []})
    bases = BaseImages.from_workspace(
        small_app.app, ENV, root=tmp_path / "repository", prefix="app-dev", public_image="company/base:7"
    )
    unknown = Match.string_like_regexp("the Python version of 'company/base:7' is not known")
    Annotations.from_stack(bases.stacks[0]).has_warning("*", unknown)


def test_a_cycle_is_printed(small_app: SmallApp) -> None:
    with pytest.raises(ScopedImagesError, match="a → b → a"):
        BaseImages(
            small_app.app, ENV, bases=declared(small_app, {"a": ("b",), "b": ("a",)}), prefix="app-dev"
        )


def test_a_base_that_is_not_there_is_named_beside_those_that_are(small_app: SmallApp) -> None:
    bases = BaseImages(small_app.app, ENV, bases=declared(small_app, {"a": ()}), prefix="app-dev")
    with refused("bases: unknown base image, got 'z'; known are a"):
        bases["z"]


def test_a_prefix_that_no_stack_can_have_is_refused(small_app: SmallApp) -> None:
    with refused(
        "prefix: must be letters, digits and dashes, a letter first, got 'a b'; stack names allow no others"
    ):
        BaseImages(small_app.app, ENV, bases=[], prefix="a b")


def test_two_sets_of_bases_with_the_same_names_are_refused(small_app: SmallApp) -> None:
    """Repositories carry the base's name and the environment, not the prefix of the stacks."""
    bases = declared(small_app, {"a": ()})
    BaseImages(small_app.app, ENV, bases=bases, prefix="one")
    with refused(
        "repository_name: 'two-base-repositories/base-a' would make a repository that 'one-base-repositories/base-a' "
        "makes already, got 'base-a-dev' in 111111111111/eu-west-1; choose another name, or use the one repository for "
        "both"
    ):
        BaseImages(small_app.app, ENV, bases=bases, prefix="two")
