"""A base is derived for the Python and the platforms of its image, and refused for others."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.bases.graph import BaseGraph
from scoped_images.bases.package_options import PackageOptions
from scoped_images.platform import Platform
from scoped_images.workspace.target import Target
from tests.unit.workspace.repository import HASH, packages, project, refusal, write


@pytest.mark.parametrize(
    ("image", "python"),
    [
        ("public.ecr.aws/lambda/python:3.13", "3.13"),
        ("public.ecr.aws/lambda/python:3.12-arm64", "3.12"),
        ("python:3.11.9-slim-bookworm", "3.11"),
        ("111111111111.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/python:3.10", "3.10"),
        ("public.ecr.aws/lambda/python:3.13.2024.11.22.15@sha256:" + "0" * 64, "3.13"),
        ("company/python-base:2024", None),
        ("company/base:3.13", None),
    ],
)
def test_the_tag_of_a_python_image_tells_its_version(image: str, python: str | None) -> None:
    assert Target.of_image(image, python=None).python == python
    assert Target.of_image(image, python="3.9").python == "3.9"


@pytest.mark.parametrize(
    ("requires", "holds"),
    [("", True), (">=3.11", True), (">=3.13.1,<4", True), ("<3.13", False), ("==3.12.*", False),
     ("3.13.6", True), ("==3.12.6", False), ("^3.9 || ^2", True),
     ("~3.12", False)],
)  # fmt: skip
def test_pythons_are_compared_in_the_words_of_every_tool(requires: str, holds: bool) -> None:
    assert Target("3.13").runs(requires) is holds
    assert Target(None).runs(requires)


PYTHON = {
    "project": project("lib").replace("version =", 'requires-python = "<3.13"\nversion =', 1),
    "poetry": '[tool.poetry]\nname = "lib"\nversion = "1"\n[tool.poetry.dependencies]\npython = "~3.12"\n',
}


@pytest.mark.parametrize(("tool", "words"), [("project", "<3.13"), ("poetry", "~3.12")])
def test_a_package_for_another_python_is_refused(tmp_path: Path, tool: str, words: str) -> None:
    packages(tmp_path, {"app": ["lib"], "lib": []})
    write(tmp_path, {"packages/lib/pyproject.toml": PYTHON[tool]})
    assert refusal(tmp_path) == (
        f"base image 'lib': ROOT/packages/lib/pyproject.toml requires Python {words}, but the image has 3.13; pass "
        "public_image= with another, or change the requirement"
    )
    image = "public.ecr.aws/lambda/python:3.12"
    context = BaseGraph.from_workspace(tmp_path, public_image=image).declarations["lib"].context
    assert not callable(context)
    text = context.dockerfile_bytes.decode()
    assert f"\nARG PUBLIC_IMAGE={image}\nARG BASE_IMAGE_URI={image}\n" in text
    assert "3.13" not in text


def test_a_lock_for_another_python_is_refused_in_place_of_installing_nothing(tmp_path: Path) -> None:
    packages(tmp_path, {"app": ["lib"], "lib": ["boto3"]})
    marker = 'python_version >= "3.11" and python_version < "3.12"'
    write(tmp_path, {"packages/lib/requirements.lock": f"boto3==1.43.0 ; {marker} --hash={HASH}\n"})
    assert refusal(tmp_path, platforms=[Platform.LINUX_ARM64]) == (
        f"base image 'lib': ROOT/packages/lib/requirements.lock has 'boto3' only for {marker}, but "
        "ROOT/packages/lib/pyproject.toml requires it, and the image has Python 3.13 on linux/arm64; lock it for that "
        "too, or pass public_image= with the Python that it was locked for"
    )
    assert BaseGraph.from_workspace(tmp_path, public_image="python:3.11-slim").declarations


def test_an_image_whose_python_is_not_known_is_warned_of(tmp_path: Path) -> None:
    packages(tmp_path, {"app": ["lib"], "lib": []})
    assert BaseGraph.from_workspace(tmp_path, public_image="company/base:7").warnings == (
        "public_image: the Python version of 'company/base:7' is not known, so that neither requires-python nor lock "
        "files are checked; pass python=",
    )
    assert BaseGraph.from_workspace(tmp_path, public_image="company/base:7", python="3.12").warnings == ()
    assert refusal(tmp_path, python="3") == "python: must be a version such as '3.13', got '3'"
    assert refusal(tmp_path, public_image="") == (
        "public_image: must be the name of an image, got ''; use one such as 'public.ecr.aws/lambda/python:3.13'"
    )


def test_platforms_are_those_of_all_or_of_one(tmp_path: Path) -> None:
    packages(tmp_path, {"app": ["lib", "other"], "lib": [], "other": []})
    both = (Platform.LINUX_ARM64, Platform.LINUX_AMD64)
    one = PackageOptions(name="other", platforms=(Platform.LINUX_AMD64,))
    graph = BaseGraph.from_workspace(tmp_path, platforms=both, package_options=[one])
    assert graph.declarations["lib"].platforms == both
    assert graph.declarations["other"].platforms == (Platform.LINUX_AMD64,)
