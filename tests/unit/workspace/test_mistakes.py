"""What is wrong in a workspace is said with the file that says it, and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoped_images.bases.derive import derive_bases
from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.workspace import Workspace
from tests.unit.workspace.repository import project, write


def refusal(root: Path, workloads: list[str] | None = None) -> str:
    with pytest.raises(ScopedImagesError) as refused:
        derive_bases(Workspace.read(root), workloads=workloads)
    return str(refused.value).replace(str(root), "ROOT")


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    more = '[tool.uv.sources]\nb = { path = "../b" }\n'
    write(tmp_path, {"a/pyproject.toml": project("a", ["b"], more=more)})
    assert refusal(tmp_path) == (
        "workspace: ROOT/a/pyproject.toml takes 'b' from ROOT/b, which has no pyproject.toml or setup.py or "
        "setup.cfg; fix the path, add the package, or leave out what needs it, with workloads="
    )


def test_a_member_that_is_not_there(tmp_path: Path) -> None:
    more = "[tool.uv.sources]\nb = { workspace = true }\n"
    write(tmp_path, {"a/pyproject.toml": project("a", ["b"], more=more)})
    assert refusal(tmp_path) == (
        "workspace: ROOT/a/pyproject.toml takes 'b' from the workspace, but no member has that name; members: a"
    )


def test_members_outside_of_the_root(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[tool.uv.workspace]\nmembers = ["../*"]\n'})
    assert refusal(tmp_path) == (
        "workspace: ROOT/pyproject.toml [tool.uv.workspace] members: must be below the root, got '../*'; give the folder "
        "that holds all of them as root"
    )


def test_a_member_that_is_a_link_out_of_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, {"pyproject.toml": '[tool.uv.workspace]\nmembers = ["libs/*"]\n', "libs/README": ""})
    write(tmp_path, {"a/pyproject.toml": project("a")})
    (root / "libs/a").symlink_to("../../a")
    assert refusal(root) == (
        "workspace: ROOT/pyproject.toml has the member 'libs/*' in [tool.uv.workspace], which leads by a link to "
        f"{tmp_path}/a, outside of the root; give the folder that holds both as root"
    )


def test_a_dependency_outside_of_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    more = '[tool.poetry.dependencies]\nb = { path = "../../b" }\n'
    write(
        tmp_path, {"root/a/pyproject.toml": project("a", ["b"], more=more), "b/pyproject.toml": project("b")}
    )
    assert refusal(root) == (
        f"workspace: ROOT/a/pyproject.toml takes 'b' from {tmp_path}/b, which is outside of the root ROOT; give the "
        "folder that holds both as root"
    )


def test_another_name_at_the_path(tmp_path: Path) -> None:
    more = '[tool.uv.sources]\nb = { path = "../c" }\n'
    write(tmp_path, {"a/pyproject.toml": project("a", ["b"], more=more), "c/pyproject.toml": project("c")})
    assert refusal(tmp_path) == (
        "workspace: ROOT/a/pyproject.toml takes 'b' from ROOT/c, but the package there is called 'c'; use one name "
        "for both"
    )


def test_a_file_that_is_not_toml_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"a/pyproject.toml": "[project\n"})
    assert refusal(tmp_path).startswith("workspace: ROOT/a/pyproject.toml is not valid TOML: ")


def test_a_package_without_a_name(tmp_path: Path) -> None:
    write(tmp_path, {"a/pyproject.toml": '[project]\nversion = "1"\n'})
    assert refusal(tmp_path) == (
        "workspace: ROOT/a/pyproject.toml has no package name; set name in its [project] table"
    )


def test_a_dependency_that_is_none(tmp_path: Path) -> None:
    write(tmp_path, {"a/pyproject.toml": project("a", ["b =="])})
    assert refusal(tmp_path).startswith(
        "workspace: ROOT/a/pyproject.toml has the dependency 'b ==', which is not valid: "
    )


@pytest.mark.parametrize("constraint", ["1.0\\nfoo", "latest", ">="])
@pytest.mark.parametrize("dependency", ['x = "{}"', 'x = {{ version = "1", python = "{}" }}'])
def test_a_poetry_constraint_that_no_specifier_can_say(
    tmp_path: Path, dependency: str, constraint: str
) -> None:
    """As a marker, "3.8 ||" would be read as a version that is never met, and the package left out in silence."""
    line = dependency.format(constraint)
    write(tmp_path, {"pyproject.toml": f'[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\n{line}\n'})
    assert "; fix it, or declare it in the [project] table" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('[project]\nname = "a"\ndependencies = "b"\n', "dependencies"),
        ('project = "a"\n', "project"),
        ('[project]\nname = "a"\n[tool.uv]\nsources = 3\n', "sources"),
        ('[tool]\nuv = "x"\n', "uv"),
        ('[tool.uv]\nworkspace = "x"\n', "workspace"),
    ],
)
def test_a_table_of_another_type(tmp_path: Path, text: str, wrong: str) -> None:
    write(tmp_path, {"pyproject.toml": text})
    assert re.fullmatch(
        rf"workspace: ROOT/pyproject.toml: \S*{wrong}: must be a \w+, got '?\w+'?", refusal(tmp_path)
    )


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    assert "does not exist or is not a folder" in refusal(tmp_path / "none")


def test_a_root_without_a_package(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.ruff]\nline-length = 110\n"})
    assert refusal(tmp_path) == (
        "workspace: must hold a Python package, got ROOT with none; give the folder that holds the packages as root, "
        "each with a pyproject.toml that has a name, or name the folders of your images with workloads="
    )
