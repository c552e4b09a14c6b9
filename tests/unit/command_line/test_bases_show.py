"""`scoped-images bases show` draws the graph, and prints it for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.command_line.program import Command, Printed
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
    root: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pipe, lines are whole and have no colors."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = command("bases", "show", str(root))
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines() == [
        str(root),
        "└── core  no requirements",
        "    ├── dynamo[fast]  requirements of packages/dynamo/requirements.lock, with hashes",
        "    │   └── label  no requirements; copies from images",
        "    │       └── api  workload in services/api",
        "    └── images  no requirements",
        "        └── upload  workload in lambdas/upload",
    ]


def test_only_the_bases_of_a_workload(root: Path, command: Command) -> None:
    shown = command("bases", "show", str(root), "--workload", "lambdas")
    assert [line.split("  ")[-2].strip("│└─├ ") for line in shown.out.splitlines()[1:]] == [
        "core",
        "images",
        "upload",
    ]


def test_json_has_everything_by_name(root: Path, command: Command) -> None:
    content = json.loads(command("bases", "show", str(root), "--json").out)
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


def test_a_base_that_is_not_locked_is_warned_of(root: Path, command: Command) -> None:
    (root / "packages/dynamo/requirements.lock").unlink()
    shown = command("bases", "show", str(root))
    assert shown.err.startswith("warning: base image 'dynamo': no lock file, ")
    assert "dynamo[fast]  requirements of packages/dynamo/pyproject.toml, without hashes" in shown.out


def test_a_repository_without_shared_packages(tmp_path: Path, command: Command) -> None:
    write(tmp_path, {"pyproject.toml": project("alone")})
    assert command("bases", "show", str(tmp_path)).out.splitlines() == [
        str(tmp_path),
        "└── alone  workload in .",
        "No package is shared, so there is no base image. For bases that only your app makes, such as with "
        "workload_bases=True, pass --graph FILE.py:NAME.",
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
"""


def test_the_graph_of_an_app_is_shown_with_what_it_declares_by_hand(root: Path, command: Command) -> None:
    write(
        root, {"bases.py": APP, "neighbour.py": "NAME = 'chroma'\n", "by_hand/Dockerfile": "FROM scratch\n"}
    )
    show = ("bases", "show", "--graph", f"{root}/bases.py:graph")
    assert command(*show).out.splitlines() == [
        str(root),
        "└── chroma  declared by hand",
        "    └── core  declared by hand",
        "        ├── dynamo[fast]  requirements of packages/dynamo/requirements.lock, with hashes",
        "        │   └── label  no requirements; copies from images",
        "        │       └── api  workload in services/api",
        "        └── images  no requirements",
    ]
    shown = json.loads(command(*show, "--json").out)["bases"]
    assert shown[0] == {
        "name": "chroma",
        "needs": [],
        "platforms": ["linux/arm64"],
        "declared": True,
        "warnings": [],
    }
    assert [base["declared"] for base in shown] == [True, True, False, False, False]


OWN_FILE = "make the graph in a file of its own, which the app imports, and name that file"
TAKES = "must be FILE.py:NAME, where NAME is a BaseGraph or a function without arguments that returns one"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--graph gone.py:graph", f"--graph: {TAKES}, got 'gone.py:graph'"),
        ("--graph bases.py", f"--graph: {TAKES}, got 'bases.py'"),
        ("--graph bases.py:none", f"--graph: {TAKES}, got 'bases.py:none', which is NoneType"),
        (
            "--graph wrong.py:graph",
            f"--graph: cannot import wrong.py: ZeroDivisionError: division by zero; {OWN_FILE}",
        ),
        ("--graph app.py:graph", f"--graph: cannot import app.py: SystemExit: no cdk.json; {OWN_FILE}"),
        (
            "--graph bases.py:graph --exclude old",
            "--graph: decides what other options would, got 'bases.py:graph' with some of them; pass one or the others",
        ),
        (
            "--workload nobody",
            "workloads: must be packages or folders of {root}, got 'nobody'; known packages are api, core, dynamo, "
            "images, label, upload",
        ),
    ],
)
def test_what_cannot_be_shown(
    root: Path, monkeypatch: pytest.MonkeyPatch, command: Command, options: str, message: str
) -> None:
    write(
        root,
        {"bases.py": "none = None\n", "wrong.py": "1 / 0\n", "app.py": "raise SystemExit('no cdk.json')\n"},
    )
    monkeypatch.chdir(root)
    shown = command("bases", "show", *options.split())
    assert shown == Printed(2, "", f"scoped-images: {message.format(root=root)}\n")


def test_packages_that_are_one_base_and_packages_that_are_left_out(root: Path, command: Command) -> None:
    write(root, {"packages/core/pyproject.toml": project("core", [], {"all": ["images"]})})
    write(root, {"services/api/pyproject.toml": project("api", ["core[all]"])})
    excluded = ("--exclude", "lambdas", "--exclude", "packages/[dl]*")
    assert command("bases", "show", str(root), *excluded).out.splitlines()[1:] == [
        "└── core[all] with images  no requirements",
        "    ├── api  workload in services/api",
        "    └── images  workload in packages/images",
    ]
