"""Names of a workspace that clash, and arguments that it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match

from scoped_images import BaseImages, ScopedImage, WorkspaceImages
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


def image_in(app: cdk.App, root: Path, workload: str = "services/web_site", **options: Any) -> ScopedImage:
    return images_in(app, root).image(stack_in(app), "Image", workload, **options)


def own_bases(app: cdk.App) -> BaseImages:
    return BaseImages(app, environment(), bases=[], prefix="own")


MISTAKES: dict[str, tuple[Callable[[cdk.App, Path], object], str]] = {
    "an unknown workload": (
        lambda app, root: image_in(app, root, "lambdas/uplaod"),
        "workload: expected a package or a folder of {root}, got 'lambdas/uplaod'; known packages are shared, upload-all",
    ),
    "a workload outside": (
        lambda app, root: image_in(app, root, ".."),
        "workload: expected a package or a folder of {root}, got '..'; known packages are shared, upload-all",
    ),
    "bases, and how to derive them": (
        lambda app, root: images_in(app, root, bases=own_bases(app), exclude=[]),
        "bases: the base images are made already, got exclude= too; pass it to what makes them",
    ),
    "bases, and no platforms for them": (
        lambda app, root: images_in(app, root, bases=own_bases(app), platforms=[]),
        "bases: the base images are made already, got platforms= too; pass it to what makes them",
    ),
    "an unknown argument of an image": (
        lambda app, root: image_in(app, root, platfrom="linux/arm64"),
        "platfrom: WorkspaceImages.image() has no such argument; use platform=",
    ),
    "an app as scope": (
        lambda app, root: images_in(app, root).image(app, "Image", "services/web_site"),
        "scope: must be a Stack or a construct in one, got the place of 'Image'; use a stack as scope",
    ),
    "a repository without a name": (
        lambda app, root: images_in(app, root).repository(""),
        "name: must be the first part of a repository's name, got ''; use a name such as 'upload'",
    ),
    "a prefix that no stack can have": (
        lambda app, root: WorkspaceImages(app, environment(), prefix="shop_dev", root=root),
        "prefix: must be letters, digits and dashes, a letter first, got 'shop_dev'; stack names allow no others",
    ),
    "an unknown argument": (
        lambda app, root: images_in(app, root, pin_digests=False),
        "pin_digests: WorkspaceImages() has no such argument; use prefix=, root=, platforms=, base_dockerfile=, bases=, "
        "repositories=, options=, builder=, pruner=, workloads=, declared=, packages=, exclude=, public_image=, python=, "
        "package_options=, workload_bases=",
    ),
    "an argument of something else": (
        lambda app, root: images_in(app, root, dockerfile="x"),
        "dockerfile: WorkspaceImages() has no such argument; use base_dockerfile=",
    ),
    "another synthesizer": (
        lambda _, root: images_in(cdk.App(outdir=str(root.parent / "stock")), root),
        "synthesizer: only OrderedAssets has the CLI build an image after its repository and its base images exist, got "
        "DefaultStackSynthesizer for stack 'shop-dev-repositories'; use Stack(…, synthesizer=OrderedAssets()), or for "
        "the whole app App(default_stack_synthesizer=OrderedAssets())",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(app: cdk.App, root: Path, mistake: str) -> None:
    make, message = MISTAKES[mistake]
    with refused(message.format(root=root.resolve())):
        make(app, root)


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
