"""The source tree keeps to what the decisions say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from scoped_images.workspace.cycles import find_cycle

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in (
        "constructs",
        "stacks",
        "local",
        "scripts",
        "packages",
        "lambdas",
        "services",
        "tests",
        "benchmarks",
    )
    for path in (ROOT / folder).rglob("*.py")
]


def test_the_folder_constructs_is_not_a_package() -> None:
    """docs/decisions/0002: it would hide the library of that name."""
    assert sorted(path.name for path in (ROOT / "constructs").glob("*.py")) == []


def test_nothing_imports_the_library_through_the_folder() -> None:
    wrong = re.compile(r"^\s*(from|import) constructs\.scoped_images", re.MULTILINE)
    assert [str(path) for path in SOURCES if wrong.search(path.read_text())] == []


ROOMS = {
    "printable": (),
    "errors": ("printable",),
    "expect": ("errors",),
    "platform": ("errors",),
    "json_file": ("errors",),
    "engine": ("errors",),
    "patterns": ("errors",),
    "ecr": ("errors", "platform"),
    "dockerfile": ("errors", "platform", "patterns", "ecr"),
    "context": ("printable", "errors", "expect", "platform", "patterns", "dockerfile"),
    "upstream": ("errors", "platform", "json_file", "ecr"),
    "templates": ("errors", "platform"),
    "image": ("errors", "expect", "platform", "ecr", "dockerfile", "context", "upstream"),
    "workspace": ("errors", "expect", "platform", "json_file", "patterns", "context"),
    "bases": ("errors", "expect", "platform", "json_file", "ecr", "context", "workspace"),
    "testing": (),
    "remote": ("printable", "errors", "platform", "ecr"),
    "building": ("errors", "json_file"),
    "pruning": ("errors", "ecr"),
    "functions": ("errors", "ecr", "remote", "pruning"),
}
LIBRARY = ROOT / "constructs" / "scoped_images"
EVERYTHING = (*ROOMS, "cdk", "command_line")
MAY_IMPORT = {
    **ROOMS,
    "__init__": EVERYTHING,
    "cdk": tuple(ROOMS),
    "command_line": tuple(ROOMS),
}


def room_of(path: Path) -> str:
    return path.relative_to(LIBRARY).with_suffix("").parts[0]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_the_rooms_above_it(room: str) -> None:
    imports = re.compile(r"^\s*(?:from|import) scoped_images\.(\w+)", re.MULTILINE)
    found = {
        (str(path.relative_to(LIBRARY)), other)
        for path in LIBRARY.rglob("*.py")
        if room_of(path) == room
        for other in imports.findall(path.read_text())
    }
    assert found or room in ("printable", "testing")
    assert {(path, other) for path, other in found if other not in (room, *MAY_IMPORT[room])} == set()


def test_every_room_has_a_rule() -> None:
    assert {room_of(path) for path in LIBRARY.rglob("*.py")} == set(MAY_IMPORT)


def test_only_the_room_cdk_imports_cdk() -> None:
    """Command line and Lambda use the others without Node, and their tests run in milliseconds."""
    imports = re.compile(r"^\s*(?:from|import) (aws_cdk|jsii|constructs|cdk_ecr_deployment)\b", re.MULTILINE)
    assert {room_of(path) for path in LIBRARY.rglob("*.py") if imports.search(path.read_text())} == {"cdk"}


# "cdk" holds helpers that every construct may use.
CDK_FOLDERS = ("cdk", "app", "functions", "order", "repositories", "builds", "remote", "bases", "images")


def test_a_folder_of_cdk_imports_only_those_above_it() -> None:
    imports = re.compile(r"^\s*from scoped_images\.cdk\.(?:(\w+)\.)?\w+ import", re.MULTILINE)
    found = {
        (path.parent.name, other or "cdk")
        for path in (LIBRARY / "cdk").rglob("*.py")
        for other in imports.findall(path.read_text())
    }
    assert {folder for folder, _ in found} == {*CDK_FOLDERS}
    assert [each for each in found if CDK_FOLDERS.index(each[1]) > CDK_FOLDERS.index(each[0])] == []


def test_no_two_modules_import_each_other() -> None:
    """Neither at run time nor for types: a circle is one thing in two files."""
    imports = re.compile(r"^\s*from (scoped_images[.\w]*) import", re.MULTILINE)
    graph = {
        ".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts): imports.findall(path.read_text())
        for path in LIBRARY.rglob("*.py")
        if path.name != "__init__.py"
    }
    assert (
        find_cycle({name: [other for other in others if other in graph] for name, others in graph.items()})
        == ()
    )


def test_every_dockerfile_builds_by_hand_too() -> None:
    """`ARG BASE_IMAGE_URI` has a public default, and no `# syntax=` line fetches a frontend from a hub."""
    dockerfiles = list((ROOT / "dockerfiles").glob("*.Dockerfile"))
    assert len(dockerfiles) == 2
    for dockerfile in dockerfiles:
        text = dockerfile.read_text()
        assert "\nARG BASE_IMAGE_URI=public.ecr.aws/lambda/python:3.13\n" in text
        assert "\nFROM ${BASE_IMAGE_URI}\n" in text
        assert "# syntax" not in text


def test_the_command_line_prints_for_people_by_say_only() -> None:
    """`say`, `say_json` and `warn` disarm control characters and CI commands."""
    bare = re.compile(r"(?<![.\w])print\(")
    found = {
        str(path.relative_to(LIBRARY)) for path in LIBRARY.rglob("*.py") if bare.search(path.read_text())
    }
    # The pruner's function prints JSON to its log.
    assert found == {"command_line/say.py", "functions/pruner/index.py"}


def test_constructs_annotate_by_the_helpers_only() -> None:
    """They disarm what a Dockerfile or a file name brings into the text."""
    found = {
        str(path.relative_to(LIBRARY))
        for path in LIBRARY.rglob("*.py")
        if "Annotations.of(" in path.read_text()
    }
    assert found == {"cdk/annotations.py"}


def test_what_checks_a_value_is_called_expect_and_returns_it_or_refuse() -> None:
    other_names = re.compile(r"_?(check|validate|verify|ensure|require)(_|$)")
    wrong = []
    for path in LIBRARY.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                raises = any(isinstance(each, ast.Raise) for each in ast.walk(function))
                returns = any(
                    isinstance(each, ast.Return) and each.value is not None for each in ast.walk(function)
                )
                verb = function.name.strip("_").partition("_")[0]
                if (
                    (raises and other_names.match(function.name))
                    or (verb == "expect" and not returns)
                    or (verb == "refuse" and returns)
                ):
                    wrong.append(f"{path.name}: {function.name}")
    # A public name.
    assert wrong == ["environment.py: require"]
