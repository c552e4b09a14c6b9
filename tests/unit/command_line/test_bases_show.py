"""`scoped-images bases show` draws the graph, and prints it for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scoped_images.command_line import main
from tests.unit.workspace.repository import packages, project, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """api and upload depend on a diamond of packages."""
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


def test_a_pipe_gets_whole_lines_without_colors_even_where_colors_are_forced(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["bases", "show", str(root)]) == 0
    plain = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["bases", "show", str(root)]) == 0
    assert capsys.readouterr().out == plain


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
        "declared": False,
        "platforms": [],
        "packages": ["packages/dynamo"],
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
        f"scoped-images: workloads: must be packages or folders of {root}, got 'nobody'; known packages are api, "
        "core, dynamo, images, label, upload"
    ]


APP = """
from pathlib import Path
from neighbour import NAME
from scoped_images import BaseDeclaration, BaseGraph, Platform, ScopedContext

HERE = Path(__file__).parent
core = BaseDeclaration(name="core", context=ScopedContext.of(HERE / "by_hand"), needs=(NAME,))
below = BaseDeclaration(name=NAME, context=core.context, platforms=(Platform.LINUX_ARM64,))


def graph():
    return BaseGraph.from_workspace(HERE, workloads=["services/api"], declared=[core, below])


none = None
"""


def test_the_graph_of_an_app_is_shown_with_what_it_declares_by_hand(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        root, {"bases.py": APP, "neighbour.py": "NAME = 'chroma'\n", "by_hand/Dockerfile": "FROM scratch\n"}
    )
    assert main(["bases", "show", "--graph", f"{root}/bases.py:graph"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        str(root),
        "└── chroma  declared by hand",
        "    └── core  declared by hand",
        "        ├── dynamo[fast]  requirements of packages/dynamo/requirements.lock, with hashes",
        "        │   └── label  no requirements; copies from images",
        "        │       └── api  workload in services/api",
        "        └── images  no requirements",
    ]
    assert main(["bases", "show", "--graph", f"{root}/bases.py:graph", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["bases"]
    assert shown[0] == {
        "name": "chroma",
        "needs": [],
        "platforms": ["linux/arm64"],
        "declared": True,
        "warnings": [],
    }
    assert [base["declared"] for base in shown] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["gone.py:graph"], "got 'gone.py:graph'"),
        (["bases.py"], "got 'bases.py'"),
        (["bases.py:none"], "got 'bases.py:none', which is NoneType"),
    ],
)
def test_a_graph_that_cannot_be_loaded(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: list[str],
    message: str,
) -> None:
    write(root, {"bases.py": "none = None\n"})
    monkeypatch.chdir(root)
    assert main(["bases", "show", "--graph", *given]) == 2
    takes = "--graph: must be FILE.py:NAME, where NAME is a BaseGraph or a function without arguments that returns one"
    assert capsys.readouterr().err == f"scoped-images: {takes}, {message}\n"


def test_a_graph_says_all_that_other_options_would(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bases", "show", "--graph", "bases.py:graph", "--exclude", "old"]) == 2
    assert capsys.readouterr().err == (
        "scoped-images: --graph: says all of it, got 'bases.py:graph' with other options; pass one or the other\n"
    )


def test_packages_that_are_one_base_and_packages_that_are_left_out(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(root, {"packages/core/pyproject.toml": project("core", [], {"all": ["images"]})})
    write(root, {"services/api/pyproject.toml": project("api", ["core[all]"])})
    assert main(["bases", "show", str(root), "--exclude", "lambdas", "--exclude", "packages/[dl]*"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "└── core[all] with images  no requirements",
        "    ├── api  workload in services/api",
        "    └── images  workload in packages/images",
    ]
