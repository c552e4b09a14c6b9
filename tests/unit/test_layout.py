"""The source tree keeps to what the decisions say."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in (
        "constructs",
        "stacks",
        "local",
        "scripts",
        "packages",
        "lambdas",
        "services",
        "tests",
        "benchmarks",
    )
    for path in (ROOT / folder).rglob("*.py")
]


def test_the_folder_constructs_is_no_package() -> None:
    """docs/decisions/0002: it would hide the library of that name."""
    assert sorted(path.name for path in (ROOT / "constructs").glob("*.py")) == []


def test_nothing_imports_the_library_through_the_folder() -> None:
    wrong = re.compile(r"^\s*(from|import) constructs\.scoped_images", re.MULTILINE)
    assert [str(path) for path in SOURCES if wrong.search(path.read_text())] == []


def test_what_decides_does_not_import_cdk() -> None:
    """Command line and Lambda use it too, and its tests run in milliseconds."""
    constructs = {
        "base_image",
        "base_images",
        "image_architecture",
        "image_builder",
        "image_builds",
        "image_copy",
        "image_pruner",
        "image_repository",
        "local_builder",
        "ordered_assets",
        "published_platforms",
        "pull_through",
        "arguments",
        "registry_cache",
        "registry_resources",
        "remote_builder",
        "remote_findings",
        "remote_functions",
        "remote_image",
        "remote_role",
        "remote_settings",
        "scoped_image",
        "stack_order",
    }
    library = ROOT / "constructs" / "scoped_images"
    imports = re.compile(r"^(from|import) (aws_cdk|jsii|constructs|cdk_ecr_deployment)\b", re.MULTILINE)
    importing = {
        str(path.relative_to(library).with_suffix(""))
        for path in library.rglob("*.py")
        if imports.search(path.read_text())
    }
    assert importing == constructs


def test_every_dockerfile_builds_by_hand_too() -> None:
    """`ARG BASE_IMAGE_URI` has a public default, and no `# syntax=` line fetches a frontend from a hub."""
    dockerfiles = list((ROOT / "dockerfiles").glob("*.Dockerfile"))
    assert len(dockerfiles) == 2
    for dockerfile in dockerfiles:
        text = dockerfile.read_text()
        assert "\nARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13\nFROM ${BASE_IMAGE_URI}\n" in text
        assert "# syntax" not in text
