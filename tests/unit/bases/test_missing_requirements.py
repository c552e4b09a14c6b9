"""Which of a workload's own requirements none of its bases installs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scoped_images.bases.graph import BaseGraph
from tests.unit.workspace.repository import in_folder, in_index, packages, uv_lock, write

LOCK = (in_folder("lib", "packages/lib", "httpx"), in_index("httpx", "1", "idna"), in_index("idna", "1"))


def missing(root: Path, *requirements: str, lock: str = uv_lock(*LOCK), **arguments: Any) -> tuple[str, ...]:
    packages(root, {"app": ["lib", *requirements], "lib": ["httpx"]})
    write(root, {"pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*"]\n', "uv.lock": lock})
    if not lock:
        (root / "uv.lock").unlink()
    return BaseGraph.from_workspace(root, **arguments).missing_from("app")


def test_requirements_that_no_base_installs_are_named(tmp_path: Path) -> None:
    assert missing(tmp_path, "requests", "Pydantic>=2", "httpx") == ("pydantic", "requests")


@pytest.mark.parametrize(
    ("requirement", "why"),
    [
        ("idna", "a package of the base needs it"),
        ("boto3", "the image of Lambda has it"),
        ("pywin32; sys_platform == 'win32'", "Linux does not"),
    ],
)
def test_a_requirement_that_is_there_or_not_needed_is_not_named(
    tmp_path: Path, requirement: str, why: str
) -> None:
    assert missing(tmp_path, requirement) == (), why


def test_a_plain_image_of_python_has_no_boto3(tmp_path: Path) -> None:
    assert missing(tmp_path, "boto3", public_image="python:3.13") == ("boto3",)


def test_nothing_is_named_if_the_workload_has_a_base_of_its_own(tmp_path: Path) -> None:
    lock = uv_lock(*LOCK, in_folder("app", "packages/app", "httpx", "lib"))
    assert missing(tmp_path, "httpx", lock=lock, workload_bases=True) == ()


def test_nothing_is_named_if_pip_chooses_what_the_base_installs(tmp_path: Path) -> None:
    assert missing(tmp_path, "requests", lock="") == ()
