"""A workspace is read from pyproject.toml files only, of every tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.workspace.workspace import Workspace
from tests.unit.workspace.repository import project, sources, write


def requirements(workspace: Workspace, name: str, *extras: str) -> list[str]:
    return [str(each.requirement) for each in workspace.packages[name].requires(extras)]


def local(workspace: Workspace, name: str, *extras: str) -> list[str]:
    package = workspace.packages[name]
    found = (workspace.local(package, each) for each in package.requires(extras))
    return [each.name for each in found if each is not None]


def test_names_are_normalised(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"a/pyproject.toml": project("Receipt_Dynamo"), "b/pyproject.toml": project("b", ["receipt.dynamo"])},
    )
    workspace = Workspace.read(tmp_path)
    assert list(workspace.packages) == ["b", "receipt-dynamo"]
    assert local(workspace, "b") == ["receipt-dynamo"]


def test_without_a_uv_workspace_every_package_below_the_root_is_read(tmp_path: Path) -> None:
    skipped = (".hidden", "node_modules/x", ".venv/lib", "env/lib", "cdk.out/asset", "build/lib")
    write(
        tmp_path, {f"{folder}/pyproject.toml": project("no") for folder in skipped} | {"env/pyvenv.cfg": ""}
    )
    write(tmp_path, {"pyproject.toml": project("root"), "deep/down/pyproject.toml": project("deep")})
    assert list(Workspace.read(tmp_path).packages) == ["deep", "root"]


@pytest.mark.parametrize("packages", [None, ("**/a",)])
@pytest.mark.parametrize("place", ["o3", "deep/assembly"])
def test_copies_of_packages_in_a_cloud_assembly_are_not_read(
    tmp_path: Path, place: str, packages: tuple[str, ...] | None
) -> None:
    """CDK writes both files to the folder of `--output`, whatever its name is."""
    copy = f"{place}/scoped-context-1/libs/a/pyproject.toml"
    assembly = {f"{place}/cdk.out": "{}", f"{place}/manifest.json": "{}", copy: project("a")}
    write(tmp_path, {"libs/a/pyproject.toml": project("a"), **assembly})
    workspace = Workspace.read(tmp_path, packages=packages)
    assert [package.folder for package in workspace.every] == [tmp_path / "libs/a"]


def test_a_file_that_only_sets_up_tools_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.ruff]\nline-length = 100\n", "a/pyproject.toml": project("a")})
    assert list(Workspace.read(tmp_path).packages) == ["a"]


def test_a_uv_workspace_has_its_members_and_its_root(tmp_path: Path) -> None:
    more = '[tool.uv.workspace]\nmembers = [".", "./packages/*", "api/"]\nexclude = ["packages/old*"]\n'
    write(
        tmp_path,
        {
            "pyproject.toml": project("root", more=more),
            "api/pyproject.toml": project("api"),
            "packages/a/pyproject.toml": project("a"),
            "packages/old-one/pyproject.toml": project("old"),
            "packages/no-package/README.md": "",
            "elsewhere/pyproject.toml": project("elsewhere"),
        },
    )
    assert list(Workspace.read(tmp_path).packages) == ["a", "api", "root"]


def test_what_a_member_names_by_path_is_read_too(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["a"]\n',
            "a/pyproject.toml": project("a", ["b"], more=sources(b="../lib/b")),
            "lib/b/pyproject.toml": project("b", ["c"], more=sources(c="../c")),
            "lib/c/pyproject.toml": project("c"),
        },
    )
    assert list(Workspace.read(tmp_path).packages) == ["a", "b", "c"]


def test_sources_of_a_uv_root_hold_for_its_members(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["a"]\n[tool.uv.sources]\nb = { path = "lib/b" }\n',
            "a/pyproject.toml": project("a", ["b"]),
            "lib/b/pyproject.toml": project("b"),
        },
    )
    assert local(Workspace.read(tmp_path), "a") == ["b"]


def test_a_source_elsewhere_is_not_a_package_of_the_workspace_even_with_its_name(tmp_path: Path) -> None:
    more = '[tool.uv.sources]\nb = { git = "https://git.example/b" }\n'
    write(tmp_path, {"a/pyproject.toml": project("a", ["b"], more=more), "b/pyproject.toml": project("b")})
    workspace = Workspace.read(tmp_path)
    assert local(workspace, "a") == []
    assert [each.elsewhere for each in workspace.packages["a"].dependencies] == ["git"]


def test_a_source_by_platform_is_local_where_one_of_them_is(tmp_path: Path) -> None:
    more = (
        "[tool.uv.sources]\nb = [{ path = '../b', marker = \"sys_platform == 'linux'\" }, "
        "{ index = 'other', marker = \"sys_platform != 'linux'\" }]\n"
    )
    write(tmp_path, {"a/pyproject.toml": project("a", ["b"], more=more), "b/pyproject.toml": project("b")})
    assert local(Workspace.read(tmp_path), "a") == ["b"]


def test_extras_that_name_other_extras_are_expanded(tmp_path: Path) -> None:
    extras = {"all": ["a[one,Two_x]"], "one": ["first"], "two-x": ["second; python_version < '3.12'"]}
    write(tmp_path, {"a/pyproject.toml": project("a", ["always"], extras)})
    workspace = Workspace.read(tmp_path)
    assert requirements(workspace, "a", "all") == ["always", "first", 'second; python_version < "3.12"']
    assert requirements(workspace, "a") == ["always"]


def test_extras_may_name_each_other_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path, {"a/pyproject.toml": project("a", [], {"x": ["a[y]", "first"], "y": ["a[x]"]})})
    assert requirements(Workspace.read(tmp_path), "a", "y") == ["first"]


POETRY = """
[tool.poetry]
name = "b"
[tool.poetry.dependencies]
python = "^3.11"
a = { path = "../a", develop = true, extras = ["full"] }
caret = "^1.2.3"
tilde = "~1.2"
exact = "1.2.3"
star = "1.2.*"
any = "*"
empty = ""
range = ">=1.2, <2"
spaced = ">=1.2 <2"
marked = { version = ">=1", markers = "sys_platform == 'linux'", python = "<3.13" }
optional-one = { version = "^2", optional = true }
several = [{ version = "1", python = "<3.12" }, { version = "2", python = ">=3.12" }]
[tool.poetry.extras]
more = ["optional-one"]
[tool.poetry.group.dev.dependencies]
pytest = "*"
"""


def test_poetrys_own_tables_are_read(tmp_path: Path) -> None:
    write(tmp_path, {"a/pyproject.toml": project("a", [], {"full": []}), "b/pyproject.toml": POETRY})
    workspace = Workspace.read(tmp_path)
    assert local(workspace, "b") == ["a"]
    assert requirements(workspace, "b", "more") == [
        "a[full]",
        "caret<2.0.0,>=1.2.3",
        "tilde<1.3,>=1.2",
        "exact==1.2.3",
        "star==1.2.*",
        "any",
        "empty",
        "range<2,>=1.2",
        "spaced<2,>=1.2",
        'marked>=1; sys_platform == "linux" and python_version < "3.13"',
        'several==1; python_version < "3.12"',
        'several==2; python_version >= "3.12"',
        "optional-one<3,>=2",
    ]


def test_poetry_brings_the_source_of_a_dependency_in_the_project_table(tmp_path: Path) -> None:
    more = '[tool.poetry.dependencies]\nb = { path = "../b" }\n'
    write(tmp_path, {"a/pyproject.toml": project("a", ["b>=1"], more=more), "b/pyproject.toml": project("b")})
    (dependency,) = Workspace.read(tmp_path).packages["a"].dependencies
    assert (dependency.folder, str(dependency.requirement)) == (tmp_path / "b", "b>=1")


def test_a_poetry_project_without_a_package_is_called_as_its_folder(tmp_path: Path) -> None:
    write(tmp_path, {"lambdas/My_Api/pyproject.toml": "[tool.poetry]\npackage-mode = false\n"})
    assert list(Workspace.read(tmp_path).packages) == ["my-api"]
