"""What is given for building a package is checked before anything is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scoped_images.bases.graph import BaseGraph
from scoped_images.bases.package_options import PackageOptions
from scoped_images.errors import ScopedImagesError
from tests.unit.workspace.repository import packages


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"name": ""},
            "name of PackageOptions: must be the name of a package, got ''; use that in its pyproject.toml",
        ),
        (
            {"version": "latest"},
            "version of PackageOptions for 'a': must be a version, got 'latest'; use one such as '1.2.0'",
        ),
        (
            {"build_packages": "gcc"},
            "build_packages of PackageOptions for 'a': must be a list, got 'gcc'; use ['gcc']",
        ),
        (
            {"system_packages": ("gcc; reboot",)},
            "system packages of PackageOptions for 'a': must be names of packages, got 'gcc; reboot'; use "
            "one such as 'libpq'",
        ),
        (
            {"platforms": ("linux/mips",)},
            "platforms of PackageOptions for 'a': must be one of 'linux/amd64', 'linux/arm64', got 'linux/mips'",
        ),
    ],
)
def test_a_value_that_no_build_takes_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ScopedImagesError) as refused:
        PackageOptions(**{"name": "a", **given})
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            PackageOptions(name="a"),
            "must be a list of PackageOptions, got PackageOptions; use [PackageOptions(…)]",
        ),
        ({"a": 1}, "must be a list of PackageOptions, got dict; use [PackageOptions(…)]"),
        (["a"], "[0]: must be PackageOptions, got str 'a'; use [PackageOptions(…)]"),
        (
            [PackageOptions(name="a.b"), PackageOptions(name="A-b")],
            "must be one for each package, got two for 'a-b'; put both into one",
        ),
        (
            [PackageOptions(name="c")],
            "must be for a package that a workload depends on, got 'c'; use one of b",
        ),
    ],
)
def test_options_are_a_list_with_one_entry_for_a_package(tmp_path: Path, given: Any, message: str) -> None:
    packages(tmp_path, {"a": ["b"], "b": []})
    with pytest.raises(ScopedImagesError) as refused:
        BaseGraph.from_workspace(tmp_path, package_options=given)
    assert str(refused.value).removeprefix("package_options").removeprefix(": ") == message
