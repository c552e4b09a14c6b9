"""Whatever stands where in a pyproject.toml, it is read or refused with the file's name; nothing trips over it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.build_files import build_files, ignored_data
from scoped_images.workspace.build_settings import folders_outside
from scoped_images.workspace.import_names import import_names
from scoped_images.workspace.package import Package
from scoped_images.workspace.pyproject import SharedSources, read_package
from scoped_images.workspace.tables import read_pyproject
from scoped_images.workspace.version_source import generated_version_files, version_variable
from scoped_images.workspace.workspace import Workspace
from tests.refusals import refused
from tests.unit.workspace.repository import toml

POETRY_EDGE = {
    "path": "../b",
    "version": "^1",
    "extras": ["x"],
    "markers": "os_name == 'posix'",
    "python": "^3",
    "platform": "linux",
}
BUILD = {"requires": ["setuptools-scm"], "build-backend": "setuptools.build_meta"}
FILES: tuple[dict[str, Any], ...] = (
    {
        "build-system": BUILD,
        "project": {"name": "a", "dependencies": ["b"], "optional-dependencies": {"x": ["c"]}, "dynamic": []},
        "tool": {
            "uv": {
                "sources": {"b": {"path": "../b"}, "c": [{"path": "../c"}]},
                "workspace": {"members": ["p/*"], "exclude": ["p/x"]},
            },
            "setuptools": {"packages": {"find": {"where": ["src"]}}, "package-dir": {"": "src"}},
        },
    },
    {"project": {"name": "a"}, "tool": {"hatch": {"build": {"targets": {"wheel": {"packages": ["src/a"]}}}}}},
    {
        "project": {"name": "a"},
        "tool": {"uv": {"build-backend": {"module-root": "src", "module-name": ["a"]}}},
    },
    {"project": {"name": "a"}, "tool": {"setuptools": {"packages": ["src.a"], "py-modules": ["src.b"]}}},
    {
        "tool": {
            "poetry": {
                "name": "a",
                "packages": [{"include": "a", "from": "src"}],
                "dependencies": {"b": POETRY_EDGE, "c": [POETRY_EDGE], "d": "1"},
                "extras": {"x": ["b"]},
            }
        }
    },
)


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*above, key)
        yield from places(value[key], (*above, key))


def replaced(tables: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(tables)
    holder: Any = changed
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return changed


def read(folder: Path) -> Package | None:
    package = read_package(folder, read_pyproject(folder), shared=SharedSources(root=folder))
    if package is not None:
        version_variable(package)
        generated_version_files(package)
        folders_outside(package)
        import_names(package)
        workspace = Workspace(root=folder, packages={})
        build_files([package], workspace)
        ignored_data(package, workspace)
    return package


@pytest.mark.parametrize("wrong", [3, "", "text", ["text"], [3], {"key": "text"}, {"key": 3}], ids=repr)
@pytest.mark.parametrize("tables", FILES, ids=["setuptools", "hatch", "uv", "listed", "poetry"])
def test_a_value_of_any_type_is_read_or_refused(tmp_path: Path, tables: dict[str, Any], wrong: Any) -> None:
    (tmp_path / "src/a").mkdir(parents=True)
    (tmp_path / "src/b.py").touch()
    file = tmp_path / "pyproject.toml"
    file.write_text(toml(tables))
    assert read(tmp_path) is not None
    refused = 0
    for place in places(tables):
        file.write_text(toml(replaced(tables, place, wrong)))
        try:
            read(tmp_path)
        except ScopedImagesError as error:
            refused += 1
            assert str(tmp_path) in str(error)  # noqa: PT017 - some of them are read
    assert refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[project]\nname = "a"\n[tool.uv.sources]\nb = "../b"\n',
            "tool.uv.sources.b: must be a table or a list, got '../b'",
        ),
        (
            '[project]\nname = "a"\n[project.optional-dependencies]\nx = "b"\n',
            "project.optional-dependencies.x: must be a list, got 'b'",
        ),
        ('[tool.uv.workspace]\nmembers = ["a", 3]\n', "tool.uv.workspace.members[1]: must be a text, got 3"),
        (
            '[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\nb = 3\n',
            "tool.poetry.dependencies.b: must be a text or a table or a list, got 3",
        ),
        (
            "[tool.poetry]\npackages = [{ include = 3 }]\n",
            "tool.poetry.packages[0].include: must be a text, got 3",
        ),
        (
            "[tool.hatch.build.targets.wheel]\npackages = [3]\n",
            "tool.hatch.build.targets.wheel.packages[0]: must be a text, got 3",
        ),
    ],
)
def test_the_key_and_what_it_takes_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with refused(f"workspace: {tmp_path}/pyproject.toml: {message}"):
        read_pyproject(tmp_path)


def test_a_poetry_extra_of_what_is_no_dependency(tmp_path: Path) -> None:
    text = '[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\nnumpy = "^2"\n[tool.poetry.extras]\nfull = ["nunpy"]\n'
    (tmp_path / "pyproject.toml").write_text(text)
    with refused(
        f"workspace: {tmp_path}/pyproject.toml: the Poetry extra 'full' must name dependencies, got 'nunpy'; known are "
        "numpy"
    ):
        read_package(tmp_path, read_pyproject(tmp_path))
