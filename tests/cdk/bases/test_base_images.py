"""A graph of base images becomes stacks that wait for each other."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Annotations, Match

from scoped_images import BaseDeclaration, BaseImages, Platform, RefreshMarks
from scoped_images.bases.derived_base import PUBLIC_IMAGE
from tests.cdk.image_users import waits_for
from tests.cdk.small_app import SmallApp
from tests.cdk.workspace import environment
from tests.refusals import refused
from tests.unit.workspace.repository import packages

ARM64 = environment(platform=Platform.LINUX_ARM64)
MARK = f"sha256:{'1' * 64}"


def declared(small_app: SmallApp, graph: dict[str, tuple[str, ...]], **options: Any) -> list[BaseDeclaration]:
    """Bases, each built from the first that it needs, with files of the others."""
    return [
        BaseDeclaration(
            name=name,
            context=small_app.context(name, "".join(f"COPY --from=base-{each} / /\n" for each in needs[1:])),
            needs=needs,
            **options,
        )
        for name, needs in graph.items()
    ]


def bases_of(small_app: SmallApp, graph: dict[str, tuple[str, ...]], **options: Any) -> BaseImages:
    """Declared bases, of the stacks `app-dev-base-…`."""
    given = {"bases": declared(small_app, graph), "prefix": "app-dev", **options}
    return BaseImages(small_app.app, given.pop("env", ARM64), **given)


def derived(small_app: SmallApp, needs: dict[str, list[str]], **options: Any) -> BaseImages:
    """The bases of packages that depend on each other."""
    packages(small_app.directory, needs)
    given = {"root": small_app.directory, "prefix": "app-dev", **options}
    return BaseImages.from_workspace(small_app.app, ARM64, **given)


def warnings_of(bases: BaseImages, text: str) -> list[str]:
    found = (
        Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp(text))
        for stack in bases.stacks
    )
    return [str(each.entry.data) for of_stack in found for each in of_stack]


def test_a_chain_is_one_stack_each_and_each_waits_for_the_one_before(small_app: SmallApp) -> None:
    bases = bases_of(small_app, {"c": ("b",), "b": ("a",), "a": ()})
    names = [stack.node.id for stack in bases.stacks]
    assert names == ["app-dev-base-repositories", "app-dev-base-a", "app-dev-base-b", "app-dev-base-c"]
    for before, name in pairwise(names):
        assert before in waits_for(small_app, name)
    (asset,) = small_app.assets("app-dev-base-c")
    assert asset["source"]["dockerBuildArgs"] == {"BASE_IMAGE_URI": bases["b"].uri}
    made = [repository.address.name for repository in bases.repositories]
    assert made == ["base-a-dev", "base-b-dev", "base-c-dev"]


def test_a_diamond_is_built_from_one_and_copies_from_the_other(small_app: SmallApp) -> None:
    graph = {"top": (), "left": ("top",), "right": ("top",), "bottom": ("left", "right")}
    bases = bases_of(small_app, graph)
    (asset,) = small_app.assets("app-dev-base-bottom")
    assert asset["source"]["dockerBuildArgs"] == {"BASE_IMAGE_URI": bases["left"].uri}
    assert asset["source"]["dockerBuildContexts"] == {"base-right": f"docker-image://{bases['right'].uri}"}
    assert {"app-dev-base-left", "app-dev-base-right"} <= waits_for(small_app, "app-dev-base-bottom")


def test_cdk_watch_observes_the_file_that_names_the_packages(
    small_app: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small_app.directory)
    Path("pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["packages/*"]\n')
    derived(small_app, {"workload": ["shared"], "shared": []})
    watched = small_app.synth()["scoped-images-watch.json"]["include"]
    assert "pyproject.toml" in watched
    assert "packages/shared/**" in watched


def test_a_base_may_have_platforms_and_a_stack_for_its_repository(small_app: SmallApp) -> None:
    both = (Platform.LINUX_ARM64, Platform.LINUX_AMD64)
    declarations = declared(small_app, {"a": ()}, platforms=both)
    bases = bases_of(small_app, {}, bases=declarations, repositories=small_app.repositories)
    assert bases["a"].platforms == both
    assert [stack.node.id for stack in bases.stacks] == ["app-dev-base-a"]
    assert bases.repositories[0].node.path == "Repositories/base-a"


@pytest.mark.parametrize(("name", "rebuilt"), [("a", True), ("b", False)])
def test_a_refresh_mark_rebuilds_only_what_is_built_from_that_base(
    tmp_path: Path, name: str, rebuilt: bool
) -> None:
    tags = set()
    for folder, marks in (("before", {}), ("after", {"dev": {name: MARK}, "prod": {"a": MARK}})):
        app = SmallApp(tmp_path / folder)
        static = environment(platform=Platform.LINUX_ARM64, base_tag="static")
        bases = bases_of(app, {"a": (), "b": ()}, env=static, refresh_marks=RefreshMarks(marks=marks))
        image = app.image(app.stack("App"), base=bases["a"], platforms=[Platform.LINUX_ARM64])
        tags.add(image.specs[0].content_tag)
    assert (len(tags) == 2) is rebuilt


def test_derived_bases_are_for_the_environment_s_platform_or_for_several(small_app: SmallApp) -> None:
    """Functions on arm64 and services on amd64 are built from one index."""
    both = (Platform.LINUX_ARM64, Platform.LINUX_AMD64)
    bases = derived(
        small_app,
        {"app": ["lib", "other"], "lib": [], "other": []},
        platforms=both,
        exclude=["*/other"],
        declared=declared(small_app, {"other": ()}),
    )
    assert bases["lib"].platforms == both
    base, amd64 = bases.of("app").base, [Platform.LINUX_AMD64]
    image = small_app.image(small_app.stack("App"), base=base, platforms=amd64)
    assert image.specs[0].base is not None
    assert image.specs[0].base.uri == bases["lib"].uri


def test_the_library_s_own_dockerfile_gets_no_note_that_it_downloads_its_base(small_app: SmallApp) -> None:
    bases = derived(small_app, {"api": ["label"], "label": ["dynamo"], "dynamo": []})
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
    bases = derived(small_app, {"api": ["label"], "label": []}, public_image=image)
    assert warnings_of(bases, "is not pinned") == [
        f"{image} is not pinned, so no image is rebuilt when it changes; run scoped-images bases update {option} "
        "[ack: scoped-images:upstream]"
    ]


def test_what_is_not_known_of_a_workspace_is_annotated(small_app: SmallApp) -> None:
    bases = derived(small_app, {"app": ["lib"], "lib": []}, public_image="company/base:7")
    assert len(warnings_of(bases, "the Python version of 'company/base:7' is not known")) == 1


def test_a_base_that_is_not_there_is_named_beside_those_that_are(small_app: SmallApp) -> None:
    with refused("bases: unknown base image, got 'z'; known are a"):
        bases_of(small_app, {"a": ()})["z"]


def test_a_prefix_that_no_stack_can_have_is_refused(small_app: SmallApp) -> None:
    with refused(
        "prefix: must be letters, digits and dashes, a letter first, got 'a b'; stack names allow no others"
    ):
        bases_of(small_app, {}, prefix="a b")
