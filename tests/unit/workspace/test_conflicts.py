"""Two versions of one package, or two modules of one name, in bases that are built from each other are a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.bases.graph import BaseGraph
from scoped_images.workspace.import_names import import_names
from scoped_images.workspace.pyproject import read_package
from scoped_images.workspace.tables import read_pyproject
from tests.unit.workspace.repository import packages, project, write


def warnings(root: Path) -> dict[str, tuple[str, ...]]:
    """Those of the bases that have some."""
    declarations = BaseGraph.from_workspace(root).declarations
    found = {name: getattr(declaration.context, "warnings", ()) for name, declaration in declarations.items()}
    return {name: each for name, each in found.items() if each}


def lock(root: Path, **locks: str) -> None:
    write(
        root,
        {f"packages/{name}/requirements.lock": f"{text} --hash=sha256:1\n" for name, text in locks.items()},
    )


@pytest.mark.parametrize(
    ("label", "core", "warns"),
    [
        ("Attrs==2", "attrs==1 \\\n   ", True),
        ("attrs==1", "attrs==1", False),
        ("attrs==2", "boto3==1", False),
        ("attrs==2 ; python_version < '3.14'", "attrs==1", False),
    ],
)
def test_another_version_far_below_is_named(tmp_path: Path, label: str, core: str, warns: bool) -> None:
    packages(tmp_path, {"api": ["label"], "label": ["middle"], "middle": ["core"], "core": []})
    lock(tmp_path, label=label, core=core)
    has = "has attrs==2 of 'label' over attrs==1 of 'core', whose metadata stays; lock both together"
    assert warnings(tmp_path) == ({"label": (f"base image 'label' {has}",)} if warns else {})


def test_two_needs_that_bring_two_versions_are_named_where_they_meet(tmp_path: Path) -> None:
    packages(
        tmp_path, {"api": ["top"], "top": ["label"], "label": ["left", "right"], "left": [], "right": []}
    )
    lock(tmp_path, left="attrs==0", right="attrs==1", top="attrs==0")
    assert warnings(tmp_path) == {
        "label": (
            "base image 'label' has attrs==1 of 'right' over attrs==0 of 'left', whose metadata stays; lock both "
            "together",
        )
    }


@pytest.mark.parametrize(
    ("needs", "first", "second", "base"),
    [
        (
            {"api": ["label"], "label": ["core", "other"], "core": [], "other": []},
            "core",
            "label",
            "label",
        ),
        ({"api": ["core"], "core": ["plug"], "plug": ["core"]}, "core", "plug", "core"),
    ],
    ids=["in two bases", "in one base"],
)
def test_packages_that_have_a_module_of_one_name_are_named_where_they_meet(
    tmp_path: Path, needs: dict[str, list[str]], first: str, second: str, base: str
) -> None:
    packages(tmp_path, needs)
    write(tmp_path, {f"packages/{name}/src/utils/__init__.py": "" for name in (first, second)})
    assert warnings(tmp_path) == {
        base: (
            f"base image {base!r} has a module 'utils' of {first!r} and another of {second!r}, whose files mix; rename "
            "one",
        )
    }


def test_what_meets_only_in_the_image_of_a_workload_is_named_once(tmp_path: Path) -> None:
    packages(tmp_path, {"api": ["left", "right"], "job": ["left", "right"], "left": [], "right": []})
    lock(tmp_path, left="attrs==0", right="attrs==1")
    write(tmp_path, {f"packages/{name}/src/utils/__init__.py": "" for name in ("left", "right")})
    graph = BaseGraph.from_workspace(tmp_path)
    assert graph.warnings == (
        "the image of workload 'api' has attrs==1 of 'right' over attrs==0 of 'left', whose metadata stays; lock both "
        "together",
        "the image of workload 'api' has a module 'utils' of 'left' and another of 'right', whose files mix; rename one",
    )
    write(tmp_path, {"packages/api/pyproject.toml": project("api", ["top"])})
    write(tmp_path, {"packages/top/pyproject.toml": project("top", ["left", "right"])})
    assert BaseGraph.from_workspace(tmp_path).warnings == ()


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("src/acme/part.py", ""),
        ("src/acme/__init__.py", "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"),
        ("utils/__init__.py", ""),
    ],
)
def test_namespaces_and_what_is_not_installed_may_be_in_several(
    tmp_path: Path, module: str, text: str
) -> None:
    packages(tmp_path, {"api": ["label"], "label": ["core"], "core": []})
    write(tmp_path, {f"packages/{name}/{module}": text for name in ("core", "label")})
    assert warnings(tmp_path) == {}


@pytest.mark.parametrize(
    ("build", "folder"),
    [
        ('[build-system]\nrequires = ["setuptools>=77"]\n', "common"),
        (
            '[build-system]\nrequires = []\n[tool.hatch.build.targets.wheel]\npackages = ["lib/utils"]\n',
            "lib/utils",
        ),
        (
            '[build-system]\nrequires = []\n[tool.poetry]\npackages = [{ include = "utils", from = "lib" }]\n',
            "lib/utils",
        ),
    ],
)
def test_modules_without_a_folder_src_are_those_that_the_backend_installs(
    tmp_path: Path, build: str, folder: str
) -> None:
    for name, needs in {"api": ["label"], "label": ["core"], "core": []}.items():
        text = project(name, needs, more=build)
        write(tmp_path / name, {"pyproject.toml": text, f"{folder}/__init__.py": "", "tests/__init__.py": ""})
    assert list(warnings(tmp_path)) == ["label"]


@pytest.mark.parametrize(
    ("settings", "files", "names"),
    [
        ("", ["src/a/__init__.py", "src/utils.py", "src/__init__.py", "common/__init__.py"], {"a", "utils"}),
        ("", ["a/__init__.py", "utils/__init__.py", "tests/__init__.py", "part.py"], {"a"}),
        ("", ["a/__init__.py", "b/__init__.py"], {"a"}),
        ("", ["b/__init__.py", "part.py"], {"b"}),
        ("", ["b/__init__.py", "c/__init__.py"], set()),
        ("", ["part.py", "setup.py", "conftest.py"], {"part"}),
        ('package-dir = { "" = "lib" }', ["lib/a/__init__.py", "src/b/__init__.py"], {"a"}),
        # What it maps is unclear here.
        ('package-dir = { a = "lib" }', ["lib/__init__.py", "b/__init__.py"], set()),
        (
            'packages = ["a"]\npy-modules = ["part"]',
            ["a/__init__.py", "b/__init__.py", "part.py"],
            {"a", "part"},
        ),
        ('packages = ["a"]\npackage-dir = { "" = "src" }', ["src/a/__init__.py", "src/b/__init__.py"], {"a"}),
        ('packages.find.include = ["a*"]', ["a/__init__.py", "b/__init__.py"], {"a"}),
        (
            'packages.find = { where = ["lib"], exclude = ["b"] }',
            ["lib/a/__init__.py", "lib/b/__init__.py"],
            {"a"},
        ),
    ],
)
def test_setuptools_installs_what_its_settings_name_else_what_it_discovers(
    tmp_path: Path, settings: str, files: list[str], names: set[str]
) -> None:
    write(tmp_path, {"pyproject.toml": project("a", more=f"[tool.setuptools]\n{settings}\n")})
    write(tmp_path, dict.fromkeys(files, ""))
    package = read_package(tmp_path, read_pyproject(tmp_path))
    assert package is not None
    assert import_names(package) == names


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("setup(name='a', packages=find_packages('src'), package_dir={'': 'src'})", {"a", "b"}),
        ("setup(name='a', packages=['a'], package_dir={'': 'src'})", set()),
        ("setup(name='a')", {"a", "b"}),
    ],
)
def test_what_setup_py_names_counts_only_if_it_takes_all_of_src(
    tmp_path: Path, call: str, names: set[str]
) -> None:
    write(tmp_path, {"setup.py": call, "src/a/__init__.py": "", "src/b/__init__.py": ""})
    package = read_package(tmp_path, {})
    assert package is not None
    assert import_names(package) == names


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ('[build-system]\nrequires = ["hatchling"]\n', {"my_lib"}),
        ('[build-system]\nrequires = ["pdm-backend"]\n', {"my_lib", "tests"}),
        (
            '[build-system]\nrequires = ["poetry-core"]\n'
            '[tool.poetry]\npackages = [{ include = "part.py", from = "src" }]\n',
            {"part"},
        ),
    ],
)
def test_other_backends_install_what_they_name_else_the_folder_of_the_package(
    tmp_path: Path, more: str, names: set[str]
) -> None:
    write(tmp_path, {"pyproject.toml": project("my-lib", more=more), "src/part.py": ""})
    write(tmp_path, {"src/my_lib/__init__.py": "", "src/tests/__init__.py": ""})
    package = read_package(tmp_path, read_pyproject(tmp_path))
    assert package is not None
    assert import_names(package) == names
