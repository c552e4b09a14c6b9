"""Names of a workspace that clash, and arguments that it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match

from scoped_images import (
    BaseImages,
    WorkspaceImages,
)
from tests.cdk.workspace import environment, images_in, stack_in
from tests.refusals import refused


def test_two_folders_with_one_name_share_no_repository(app: cdk.App, root: Path) -> None:
    (root / "lambdas" / "web_site").mkdir()
    (root / "lambdas" / "web_site" / "Dockerfile").write_text("FROM node:24\n")
    images, stack = images_in(app, root), stack_in(app)
    images.image(stack, "Service", "services/web_site")
    with refused(
        "workload: 'web-site' is also the name of services/web_site, got lambdas/web_site; pass repository="
    ):
        images.image(stack, "Function", "lambdas/web_site")
    images.image(stack, "Own", "lambdas/web_site", repository=images.repository("web-function"))


def test_a_folder_without_letters_and_digits_names_no_repository(app: cdk.App, root: Path) -> None:
    (root / "lambdas" / "é").mkdir()
    (root / "lambdas" / "é" / "Dockerfile").write_text("FROM node:24\n")
    with refused(
        "workload: the folder's name must have letters a-z or digits, got 'lambdas/é'; rename the folder"
    ):
        images_in(app, root).image(stack_in(app), "Service", "lambdas/é")


def test_packages_with_one_name_have_repositories_named_by_path(app: cdk.App, root: Path) -> None:
    for folder in ("lambdas/job", "services/job"):
        (root / folder).mkdir()
        (root / folder / "pyproject.toml").write_text('[project]\nname = "job"\nversion = "1"\n')
        (root / folder / "Dockerfile").write_text("FROM node:24\n")
    images, stack = images_in(app, root), stack_in(app)
    found = [images.image(stack, each, f"{each}/job").address for each in ("lambdas", "services")]
    assert [each.name for each in found if each] == ["lambdas-job-dev", "services-job-dev"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda app, root: images_in(app, root).image(stack_in(app), "Image", "lambdas/uplaod"),
            "workload: expected a package or a folder of {root}, got 'lambdas/uplaod'; known packages are shared, "
            "upload-all",
        ),
        (
            lambda app, root: images_in(app, root).image(stack_in(app), "Image", ".."),
            "workload: expected a package or a folder of {root}, got '..'; known packages are shared, upload-all",
        ),
        (
            lambda app, root: images_in(
                app,
                root,
                bases=BaseImages(app, environment(), bases=[], prefix="own"),
                exclude=[],
            ),
            "bases: the base images are made already, got exclude= too; pass it to what makes them",
        ),
    ],
    ids=["unknown", "outside", "bases"],
)
def test_a_mistake_is_named(app: cdk.App, root: Path, make: Any, message: str) -> None:
    with refused(message.format(root=root.resolve())):
        make(app, root)


def test_an_argument_of_an_image_that_does_not_exist_is_named(app: cdk.App, root: Path) -> None:
    misspelt: Any = {"platfrom": "linux/arm64"}
    with refused("platfrom: WorkspaceImages.image() has no such argument; use platform="):
        images_in(app, root).image(stack_in(app), "Image", "services/web_site", **misspelt)


def test_an_image_outside_of_a_stack_is_named(app: cdk.App, root: Path) -> None:
    with refused(
        "scope: must be a Stack or a construct in one, got the place of 'Image'; use a stack as scope"
    ):
        images_in(app, root).image(app, "Image", "services/web_site")


def test_a_repository_needs_a_name(app: cdk.App, root: Path) -> None:
    with refused("name: must be the first part of a repository's name, got ''; use a name such as 'upload'"):
        images_in(app, root).repository("")


def test_the_app_s_synthesizer_is_the_first_thing_that_it_asks_for(tmp_path: Path, root: Path) -> None:
    with refused(
        "synthesizer: only OrderedAssets has the CLI build an image after its repository and its base images exist, got "
        "DefaultStackSynthesizer for stack 'shop-dev-repositories'; use Stack(…, synthesizer=OrderedAssets()), or for "
        "the whole app App(default_stack_synthesizer=OrderedAssets())"
    ):
        images_in(cdk.App(outdir=str(tmp_path / "cdk.out")), root)


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        (
            "prefix",
            "shop_dev",
            "prefix: must be letters, digits and dashes, a letter first, got 'shop_dev'; stack names allow no others",
        ),
        (
            "pin_digests",
            False,
            "pin_digests: WorkspaceImages() has no such argument; use prefix=, root=, "
            "platforms=, base_dockerfile=, bases=, repositories=, options=, builder=, pruner=, workloads=, declared=, "
            "packages=, exclude=, public_image=, python=, package_options=, workload_bases=",
        ),
        ("dockerfile", "x", "dockerfile: WorkspaceImages() has no such argument; use base_dockerfile="),
    ],
)
def test_it_checks_its_arguments_before_it_makes_a_stack(
    app: cdk.App, root: Path, argument: str, value: Any, message: str
) -> None:
    arguments: dict[str, Any] = {"prefix": "shop-dev", "root": root, argument: value}
    with refused(message):
        WorkspaceImages(app, environment(), **arguments)


@pytest.mark.parametrize(
    ("steps", "is_warned"),
    [("COPY handler.py ./\n", True), ("COPY handler.py ./\nRUN pip install requests\n", False)],
)
def test_a_workload_whose_requirements_nothing_installs_is_warned_of(
    app: cdk.App, root: Path, steps: str, is_warned: bool
) -> None:
    (root / "lambdas/upload_all/pyproject.toml").write_text(
        '[project]\nname = "upload-all"\nversion = "1"\ndependencies = ["shared", "requests"]\n'
    )
    (root / "lambdas/upload_all/Dockerfile").write_text(
        f"ARG BASE_IMAGE_URI=python:3.13\nFROM ${{BASE_IMAGE_URI}}\n{steps}"
    )
    images, stack = images_in(app, root), stack_in(app)
    images.image(stack, "Upload", "lambdas/upload_all")
    found = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("requires requests"))
    assert [str(each.entry.data) for each in found] == [
        "workload 'upload-all' requires requests, which neither its bases nor its Dockerfile installs; pass "
        "workload_bases=True, or install them in the Dockerfile [ack: scoped-images:requirements]"
    ] * is_warned
