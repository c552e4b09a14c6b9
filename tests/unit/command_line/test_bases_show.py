"""`scoped-images bases show` draws the graph, and prints it for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scoped_images.command_line import main
from tests.unit.workspace.repository import packages, project, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """api and upload stand on a diamond of packages."""
    packages(
        tmp_path, {"label": ["dynamo[fast]", "images"], "images": ["core"], "dynamo": ["core"], "core": []}
    )
    write(tmp_path, {"lambdas/upload/pyproject.toml": project("upload", ["images"])})
    write(tmp_path, {"services/api/pyproject.toml": project("api", ["label"])})
    write(tmp_path, {"packages/dynamo/requirements.lock": "third-fast==1 --hash=sha256:1\n"})
    return tmp_path


def test_the_tree_has_each_base_below_the_one_it_is_built_from(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bases", "show", str(root)]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        str(root),
        "└── core  no requirements",
        "    ├── dynamo[fast]  requirements of packages/dynamo/requirements.lock, with hashes",
        "    │   └── label  no requirements; copies from images",
        "    │       └── api  workload in services/api",
        "    └── images  no requirements",
        "        └── upload  workload in lambdas/upload",
    ]
    assert printed.err == ""


def test_only_the_bases_of_a_workload(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bases", "show", str(root), "--workload", "lambdas"]) == 0
    assert [line.split("  ")[-2].strip("│└─├ ") for line in capsys.readouterr().out.splitlines()[1:]] == [
        "core",
        "images",
        "upload",
    ]


def test_json_has_everything_by_name(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bases", "show", str(root), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [base["name"] for base in content["bases"]] == ["core", "dynamo", "images", "label"]
    assert content["bases"][1] == {
        "name": "dynamo",
        "package": "packages/dynamo",
        "needs": ["core"],
        "extras": ["fast"],
        "requirements": ["packages/dynamo/requirements.lock"],
        "hashes": True,
        "asked_by": ["label"],
        "warnings": [],
    }
    assert content["workloads"] == [
        {"name": "api", "package": "services/api", "needs": ["label"]},
        {"name": "upload", "package": "lambdas/upload", "needs": ["images"]},
    ]


def test_a_base_that_is_not_locked_is_warned_of(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "packages/dynamo/requirements.lock").unlink()
    assert main(["bases", "show", str(root)]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("warning: base image 'dynamo': no lock file, ")
    assert "dynamo[fast]  requirements of packages/dynamo/pyproject.toml, without hashes" in printed.out


def test_a_repository_without_shared_packages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"pyproject.toml": project("alone")})
    assert main(["bases", "show", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(tmp_path),
        "└── alone  workload in .",
        "No package is shared, so there is no base image.",
    ]


def test_a_mistake_is_one_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bases", "show", str(root), "--workload", "nobody"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"scoped-images: workloads: 'nobody' is neither a package nor a folder with one in {root}; known packages: api, "
        "core, dynamo, images, label, upload"
    ]
