"""A workload need not be a package: a folder with a requirements.txt, with dependency groups, or only with files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scoped_images.bases.graph import BaseGraph
from scoped_images.errors import ScopedImagesError
from tests.refusals import refused
from tests.unit.workspace.repository import (
    HASH,
    in_folder,
    in_index,
    packages,
    project,
    refusal,
    uv_lock,
    write,
)

HELLO = "lambdas/hello"


def repository(root: Path, requirements: str) -> Path:
    """The function hello, which has a requirements.txt, and packages of which lib needs deep."""
    packages(root, {"lib": ["deep"], "deep": [], "other": []})
    write(root, {"packages/lib/pyproject.toml": project("lib", ["deep"], {"full": ["other"]})})
    return write(root, {f"{HELLO}/handler.py": "", f"{HELLO}/requirements.txt": requirements})


@pytest.mark.parametrize(
    ("line", "bases"),
    [
        ("../../packages/lib", ["deep", "lib"]),
        ("-e ../../packages/lib[full]", ["deep", "lib", "other"]),
        ("--editable=../../packages/lib", ["deep", "lib"]),
        ("-e file:../../packages/lib", ["deep", "lib"]),
        ("lib[full] @ file:../../packages/lib", ["deep", "lib", "other"]),
        ("lib @ ../../packages/lib", ["deep", "lib"]),
    ],
)
def test_a_requirements_file_names_packages_by_their_folders(
    tmp_path: Path, line: str, bases: list[str]
) -> None:
    graph = BaseGraph.from_workspace(repository(tmp_path, f"boto3==1.43.0 --hash={HASH}\n{line}\n"))
    assert list(graph.declarations) == bases
    assert graph.needs_of(HELLO) == ("lib",)
    assert graph.requirements_of(HELLO).text == f"--require-hashes\nboto3==1.43.0 --hash={HASH}\n"


PIPFILE = """
[packages]
boto3 = "~=1.40"
lib = { path = "./../../packages/lib", editable = true, extras = ["full"] }
[dev-packages]
other = { path = "../../packages/other" }
"""
PIPFILE_LOCK = {
    "_meta": {"requires": {"python_version": "3.13"}},
    "default": {
        "boto3": {
            "hashes": [HASH],
            "index": "pypi",
            "markers": "python_version >= '3.9'",
            "version": "==1.43.0",
        },
        "colorama": {"hashes": [HASH], "markers": "sys_platform == 'win32'", "version": "==0.4.6"},
        "lib": {"editable": True, "extras": ["full"], "path": "./../../packages/lib"},
    },
    "develop": {},
}


def test_a_pipfile_and_its_lock_are_read_unless_a_requirements_file_is_beside_them(tmp_path: Path) -> None:
    repository(tmp_path, f"../../packages/lib\nboto3==1.42.0 --hash={HASH}\n")
    write(tmp_path, {f"{HELLO}/Pipfile": PIPFILE, f"{HELLO}/Pipfile.lock": json.dumps(PIPFILE_LOCK)})
    graph = BaseGraph.from_workspace(tmp_path)
    assert graph.requirements_of(HELLO).text == f"--require-hashes\nboto3==1.42.0 --hash={HASH}\n"
    (tmp_path / HELLO / "requirements.txt").unlink()
    graph = BaseGraph.from_workspace(tmp_path)
    assert list(graph.declarations) == ["deep", "lib", "other"]
    assert graph.needs_of(HELLO) == ("lib",)
    assert graph.requirements_of(HELLO).text == f"--require-hashes\nboto3==1.43.0 \\\n    --hash={HASH}\n"
    with pytest.raises(
        ScopedImagesError, match=r"Pipfile\.lock is locked for Python ==3\.13\.\*, but the image has"
    ):
        BaseGraph.from_workspace(tmp_path, python="3.12").requirements_of(HELLO)


def test_a_pipfile_beside_a_package_is_for_its_tests(tmp_path: Path) -> None:
    packages(tmp_path, {"app": ["lib"], "lib": ["boto3"]})
    lock = json.dumps({"_meta": {}, "default": {}, "develop": {}})
    write(tmp_path, {"packages/lib/Pipfile": "", "packages/lib/Pipfile.lock": lock})
    assert BaseGraph.from_workspace(tmp_path, workloads=["lib"]).requirements_of("lib").text == "boto3\n"


def pipfile_requirements(root: Path, entry: str, lock: object = None) -> str:
    write(root, {"hello/Pipfile": f"[packages]\n{entry}\n"})
    if lock is not None:
        write(root, {"hello/Pipfile.lock": json.dumps(lock)})
    return BaseGraph.from_workspace(root, workloads=["hello"]).requirements_of("hello").text


def test_keys_of_a_pipfile_that_name_marker_variables_are_conditions(tmp_path: Path) -> None:
    windows = """attrs = { version = "*", sys_platform = "== 'win32'" }"""
    assert pipfile_requirements(tmp_path, windows) == ""
    markers = """markers = "os_name == 'posix' or os_name == 'nt'", python_version = "< '3.13.1'\""""
    both = f'attrs = {{ version = "*", {markers} }}'
    assert pipfile_requirements(tmp_path, both) == (
        'attrs; (os_name == "posix" or os_name == "nt") and python_version < "3.13.1"\n'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("packages = 3", "workspace: ROOT/hello/Pipfile: packages: must be a table, got 3"),
        (
            "[packages]\nattrs = true",
            "workspace: ROOT/hello/Pipfile: packages.attrs: must be a text or a table, got True",
        ),
        (
            "[packages]\nattrs = { path = 3 }",
            "workspace: ROOT/hello/Pipfile: packages.attrs.path: must be a text, got 3",
        ),
        (
            "[packages]\nattrs = 'abc'",
            "workspace: ROOT/hello/Pipfile: a dependency is not valid: Could not parse version constraint: abc, got "
            "attrs = {'version': 'abc'}; fix it",
        ),
    ],
)
def test_a_mistake_in_a_pipfile_is_refused(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, {"hello/Pipfile": text})
    with refused(message.replace("ROOT", str(tmp_path))):
        BaseGraph.from_workspace(tmp_path, workloads=["hello"])


@pytest.mark.parametrize("python", ["*", ">=3.9", "3.13", "3", None])
def test_a_pipfile_lock_may_be_for_several_pythons(tmp_path: Path, python: str | None) -> None:
    lock = {"_meta": {"requires": {"python_version": python}}, "default": {"attrs": {"version": "==1"}}}
    assert pipfile_requirements(tmp_path, "attrs = '*'", lock) == "attrs==1\n"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        *(
            (entry, f"'attrs' must have one version such as '==1.0', got {entry.get('version')!r}")
            for entry in ({}, {"version": "*"}, {"version": "==1\nidna"})
        ),
        (
            {"version": "==1", "hashes": ["sha256:0\n--index-url=https://index.example"]},
            "version and hashes of 'attrs' must be single words, got "
            "'sha256:0\\n--index-url=https://index.example'",
        ),
    ],
)
def test_an_entry_of_a_pipfile_lock_has_one_version_and_hashes(
    tmp_path: Path, entry: dict[str, Any], message: str
) -> None:
    """A line break would add an option of pip, or another requirement."""
    with refused(f"{tmp_path}/hello/Pipfile.lock: {message}; run `pipenv lock`"):
        pipfile_requirements(tmp_path, "attrs = '*'", {"_meta": {}, "default": {"attrs": entry}})


def test_a_version_that_differs_from_that_of_a_base_is_warned_of(tmp_path: Path) -> None:
    repository(tmp_path, f"boto3==1.43.0 --hash={HASH}\n../../packages/lib\n")
    write(tmp_path, {"packages/deep/pyproject.toml": project("deep", ["boto3"])})
    write(tmp_path, {"packages/deep/requirements.lock": f"boto3==1.42.0 --hash={HASH}\n"})
    assert BaseGraph.from_workspace(tmp_path).requirements_of("lambdas/hello").warnings == (
        "base image 'hello' has boto3==1.43.0 of 'hello' over boto3==1.42.0 of 'deep', whose metadata stays; lock both "
        "together",
    )


def test_a_folder_that_is_no_package_is_refused(tmp_path: Path) -> None:
    repository(tmp_path, "\n-e ../../packages\n")
    assert refusal(tmp_path, workloads=[HELLO]) == (
        "ROOT/lambdas/hello/requirements.txt:2: '../../packages' is not a package of the repository; fix the path, or "
        "give the folder a pyproject.toml that has a name"
    )


def test_a_line_that_no_image_can_install_matters_only_if_its_requirements_are_asked_for(
    tmp_path: Path,
) -> None:
    graph = BaseGraph.from_workspace(repository(tmp_path, "../../packages/lib\nboto3\n-c constraints.txt\n"))
    assert graph.needs_of(HELLO) == ("lib",)
    with refused(
        f"{tmp_path}/lambdas/hello/requirements.txt:3: '-c constraints.txt' reads a file that is not in the image; put "
        "its lines here"
    ):
        graph.requirements_of(HELLO)


def test_dependency_groups_are_requirements_except_those_for_developing(tmp_path: Path) -> None:
    groups = (
        '[dependency-groups]\nmain = ["lib", {include-group = "more"}]\nmore = ["boto3"]\ndev = ["pytest"]\n'
    )
    packages(tmp_path, {"lib": []})
    write(tmp_path, {"app/pyproject.toml": groups})
    graph = BaseGraph.from_workspace(tmp_path, workloads=["app"])
    assert graph.needs_of("app") == ("lib",)
    assert graph.requirements_of("app").text == "boto3\n"
    write(tmp_path, {"app/pyproject.toml": '[dependency-groups]\nmain = [{include-group = "none"}]\n'})
    with pytest.raises(ScopedImagesError, match=r"app/pyproject\.toml: dependency-groups: .*none"):
        BaseGraph.from_workspace(tmp_path, workloads=["app"])


def test_a_workload_called_as_a_package_has_its_path_for_a_name(tmp_path: Path) -> None:
    packages(tmp_path, {"lib": []})
    write(tmp_path, {"lambdas/lib/requirements.txt": "../../packages/lib\n"})
    graph = BaseGraph.from_workspace(tmp_path)
    assert [package.name for package in graph.workloads] == ["lambdas-lib"]
    assert graph.needs_of("lambdas/lib") == ("lib",)


def test_a_workload_may_have_a_base_that_installs_its_requirements(tmp_path: Path) -> None:
    repository(tmp_path, f"boto3==1.43.0 --hash={HASH}\n../../packages/lib\n")
    write(tmp_path, {"lambdas/bare/requirements.txt": "../../packages/lib\n", "lambdas/plain/handler.py": ""})
    graph = BaseGraph.from_workspace(
        tmp_path, workloads=[HELLO, "lambdas/bare", "lambdas/plain"], workload_bases=True
    )
    assert list(graph.declarations) == ["deep", "hello", "lib"]
    hello = graph.declarations["hello"]
    assert hello.needs == ("lib",)
    assert not callable(hello.context)
    assert hello.context.generated["requirements.txt"].startswith(b"--require-hashes\nboto3==1.43.0")
    assert hello.context.named["source"].files == ()
    assert b"pip" not in hello.context.generated["install-packages"]
    needs = [graph.needs_of(workload) for workload in (HELLO, "lambdas/bare", "lambdas/plain")]
    assert needs == [("hello",), ("lib",), ()]
    assert graph.requirements_of("lambdas/plain").text == ""


def test_requirements_of_a_workload_come_from_the_lock_of_its_workspace(tmp_path: Path) -> None:
    packages(tmp_path, {"app": ["lib", "boto3"], "lib": []})
    write(tmp_path, {"pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*"]\n'})
    lock = uv_lock(
        {**in_folder("app", "", "boto3", "lib"), "source": {"virtual": "packages/app"}},
        in_folder("lib", "packages/lib"),
        in_index("boto3", "1.43.0"),
    )
    write(tmp_path, {"uv.lock": lock})
    found = BaseGraph.from_workspace(tmp_path).requirements_of("app")
    assert found.text == f"--require-hashes\nboto3==1.43.0 \\\n    --hash={HASH}\n"
    assert found.complete
