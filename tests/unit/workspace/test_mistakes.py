"""What is wrong in a workspace is said with the file that says it, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.workspace.repository import project, refusal, sources, write

# (sentence, files, message; one that ends with a colon goes on)
MISTAKES = [
    (
        "a path that leads nowhere",
        {"a/pyproject.toml": project("a", ["b"], more=sources(b="../b"))},
        "workspace: ROOT/a/pyproject.toml takes 'b' from ROOT/b, which has no pyproject.toml or setup.py or setup.cfg "
        "with a name; fix the path, add the package, or leave out what needs it, with workloads=",
    ),
    (
        "a member that is not there",
        {"a/pyproject.toml": project("a", ["b"], more="[tool.uv.sources]\nb = { workspace = true }\n")},
        "workspace: ROOT/a/pyproject.toml takes 'b' from the workspace, but no member has that name; members: a",
    ),
    (
        "members outside of the root",
        {"pyproject.toml": '[tool.uv.workspace]\nmembers = ["../*"]\n'},
        "workspace: ROOT/pyproject.toml [tool.uv.workspace] members: must be below the root, got '../*'; give the folder "
        "that holds all of them as root",
    ),
    (
        "another name at the path",
        {
            "a/pyproject.toml": project("a", ["b"], more=sources(b="../c")),
            "c/pyproject.toml": project("c"),
        },
        "workspace: ROOT/a/pyproject.toml takes 'b' from ROOT/c, but the package there is called 'c'; use one name for "
        "both",
    ),
    (
        "a file that is not TOML",
        {"a/pyproject.toml": "[project\n"},
        "workspace: ROOT/a/pyproject.toml is not valid TOML:",
    ),
    (
        "a package without a name",
        {"a/pyproject.toml": '[project]\nversion = "1"\n'},
        "workspace: ROOT/a/pyproject.toml has no package name; set name in its [project] table",
    ),
    (
        "a dependency that is not valid",
        {"a/pyproject.toml": project("a", ["b =="])},
        "workspace: ROOT/a/pyproject.toml: a dependency is not valid, got 'b =='; fix it:",
    ),
    (
        "an extra that is not there",
        {
            "api/pyproject.toml": project("api", ["label[ful]"]),
            "label/pyproject.toml": project("label", [], {"full": []}),
        },
        "workspace: ROOT/label/pyproject.toml must declare the extras that others ask for, got label[ful]; it declares "
        "full",
    ),
    (
        "a member that its lock does not have",
        {
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["a", "b"]\n',
            "uv.lock": "version = 1\n",
            "a/pyproject.toml": project("a", ["b"]),
            "b/pyproject.toml": project("b"),
        },
        "ROOT/uv.lock does not contain the package 'b'; run `uv lock`",
    ),
    (
        "extras that the lock does not lock together",
        {
            "a/pyproject.toml": project("a", ["b[cpu]", "b[gpu]"]),
            "b/pyproject.toml": project("b", [], {"cpu": [], "gpu": []}),
            "uv.lock": "version = 1\nconflicts = [[{ package = 'b', extra = 'cpu' }, { package = 'b', extra = 'gpu' }]]\n"
            "[[package]]\nname = 'b'\nsource = { editable = 'b' }\n",
        },
        "workspace: ROOT/uv.lock does not lock together what workloads ask for, got b[cpu] and b[gpu]; derive the bases "
        "of such workloads apart, with workloads=",
    ),
    (
        "a constraint of Poetry's that pip cannot express",
        {
            "a/pyproject.toml": project("a", ["b"]),
            "b/pyproject.toml": '[tool.poetry]\nname = "b"\n[tool.poetry.dependencies]\nx = "^1 || ^3"\n',
        },
        "base image 'b': ROOT/b/pyproject.toml requires x '^1 || ^3', which pip cannot express; run `poetry lock`",
    ),
    (
        "a root without a package",
        {"pyproject.toml": "[tool.ruff]\nline-length = 110\n"},
        "workspace: must hold a Python package, got ROOT with none; give the folder that holds the packages as root, "
        "each with a pyproject.toml that has a name, or name the folders of your images with workloads=",
    ),
]


@pytest.mark.parametrize(
    ("files", "message"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES]
)
def test_a_mistake_names_the_file_and_what_to_do(tmp_path: Path, files: dict[str, str], message: str) -> None:
    found = refusal(write(tmp_path, files))
    assert found.startswith(message) if message.endswith(":") else found == message


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
    more = '[tool.poetry.dependencies]\nb = { path = "../../b" }\n'
    write(
        tmp_path, {"root/a/pyproject.toml": project("a", ["b"], more=more), "b/pyproject.toml": project("b")}
    )
    assert refusal(tmp_path / "root") == (
        f"workspace: ROOT/a/pyproject.toml takes 'b' from {tmp_path}/b, which is outside of the root ROOT; give the "
        "folder that holds both as root"
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
