"""`scoped-images why`: one path's answer."""

from __future__ import annotations

import json
import subprocess
from contextlib import chdir
from pathlib import Path

import pytest

from scoped_images.bases.derived_base import DOCKERFILE
from scoped_images.image.spec import ImageSpec
from scoped_images.platform import Platform
from tests.unit.command_line.program import Command, Printed
from tests.unit.workspace.repository import derived, in_folder, in_index, packages, uv_lock, write

# (path, answer)
ANSWERS = [
    ("run.sh", "run.sh goes in: Dockerfile:6: COPY run.sh src/a.py config/$KIND /"),
    (
        "src/a.py",
        "src/a.py goes in:\n"
        "  Dockerfile:5: COPY --exclude=*.md src /src\n"
        "  Dockerfile:6: COPY run.sh src/a.py config/$KIND /",
    ),
    ("data/large", "data/large stays out: the rule .dockerignore:2: data leaves it out"),
    ("src/notes.md", "src/notes.md stays out: --exclude of Dockerfile:5: COPY --exclude=*.md src /src"),
    (
        "tests/test_a.py",
        "tests/test_a.py stays out: only the stage 'test', which is not needed here, has "
        "Dockerfile:2: COPY tests /tests",
    ),
    (
        "config/rich",
        "config/rich stays out: no instruction of Dockerfile that the last stage needs asks for it",
    ),
    ("{root}/run.sh", "run.sh goes in: Dockerfile:6: COPY run.sh src/a.py config/$KIND /"),
    (".", ". goes in: it is the root of the context"),
]


@pytest.mark.parametrize(("path", "answer"), ANSWERS, ids=[answer[0] for answer in ANSWERS])
def test_why(path: str, answer: str, root: Path, command: Command) -> None:
    asked = command("why", "repository", "--path", path.format(root=root))
    assert asked == Printed(0, f"{answer}\n", "")


def test_why_answers_for_a_source_that_a_rule_takes_away(root: Path, command: Command) -> None:
    """The build itself would fail there."""
    (root / ".dockerignore").write_text("run.sh\n")
    asked = command("why", "repository", "--path", "run.sh")
    assert asked == Printed(0, "run.sh stays out: the rule .dockerignore:1: run.sh leaves it out\n", "")


def test_why_names_the_include(root: Path, command: Command) -> None:
    asked = command("why", "repository", "--include", "config/*", "--path", "config/rich")
    assert asked == Printed(0, "config/rich goes in: include config/*\n", "")


def test_why_answers_for_a_derived_base(tmp_path: Path, command: Command) -> None:
    """A change of a file that goes in is a reason why the base was built again."""
    packages(tmp_path, {"api": ["label"], "label": ["attrs"]})
    folder = "packages/label"
    write(
        tmp_path,
        {
            f"{folder}/requirements.lock": "attrs==1\n",
            f"{folder}/.dockerignore": "# ours\n**/notes.txt\n",
            f"{folder}/src/label/notes.txt": "",
            f"{folder}/src/label/cache.bin": "",
            f"{folder}/tests/test_label.py": "",
            f"{folder}/build/label.py": "",
            ".gitignore": "*.bin\n",
        },
    )
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    installs = "it says which packages, extras and requirements are installed"
    for path, answer in (
        (f"{folder}/src/label/__init__.py", "goes in: the wheel of its package is built from it"),
        (f"{folder}/pyproject.toml", f"goes in:\n  the wheel of its package is built from it\n  {installs}"),
        ("packages/api/pyproject.toml", f"goes in: {installs}"),
        ("packages/api/src/api/__init__.py", "stays out: it is not in the folder of label"),
        (f"{folder}/tests/test_label.py", "stays out: no build file names it"),
        (f"{folder}/build/label.py", "stays out: tools leave it behind"),
        (f"{folder}/src/label/cache.bin", "stays out: git ignores it"),
        (f"{folder}/src/label/notes.txt", "stays out: the rule .dockerignore:2: **/notes.txt leaves it out"),
    ):
        asked = command("why", str(tmp_path), "--base", "label", "--path", path)
        assert asked == Printed(0, f"{path} {answer}\n", "")


def test_the_entries_of_a_lock_that_a_base_does_not_need_rebuild_nothing(
    tmp_path: Path, command: Command
) -> None:
    packages(tmp_path, {"api": ["label", "flask"], "label": ["attrs"]})
    members = [
        in_folder("api", "packages/api", "label", "flask"),
        in_folder("label", "packages/label", "attrs"),
    ]
    fingerprints = []
    for flask, attrs in (("1", "1"), ("2", "1"), ("2", "2")):
        lock = uv_lock(*members, in_index("flask", flask), in_index("attrs", attrs))
        write(tmp_path, {"uv.lock": lock})
        context = derived(tmp_path)["label"].context()
        fingerprints.append(ImageSpec(context=context, platform=Platform.LINUX_ARM64).fingerprint)
    first, with_other_flask, with_other_attrs = fingerprints
    assert first == with_other_flask != with_other_attrs
    assert command("why", str(tmp_path), "--base", "label", "--path", "uv.lock").out == (
        "uv.lock goes in: only its entries for the base's requirements count; a change of another one rebuilds nothing\n"
    )


APP = "from scoped_images import BaseGraph\ngraph = BaseGraph.from_workspace('.', dockerfile='base.Dockerfile')\n"


def test_the_files_of_a_derived_base_of_an_app_are_listed_with_its_fingerprint(
    tmp_path: Path, command: Command
) -> None:
    packages(tmp_path, {"api": ["label"], "label": []})
    write(tmp_path, {"bases.py": APP, "base.Dockerfile": f"# ours\n{DOCKERFILE.read_text()}"})
    label = ("--graph", "bases.py:graph", "--base", "label")
    with chdir(tmp_path):
        listed = json.loads(command("context", *label, "--platform", "linux/arm64", "--json").out)
        last = command("context", *label).out.splitlines()[-1]
        asked = command("why", *label, "--path", "base.Dockerfile")
        unknown = command("why", *label[:2], "--base", "a", "--path", "base.Dockerfile")
        context = derived(tmp_path, dockerfile="base.Dockerfile")["label"].context()
    assert asked == Printed(0, "base.Dockerfile goes in: it is the Dockerfile\n", "")
    assert unknown.err.endswith("got 'a'; known are label\n")
    assert [file["path"] for file in listed["files"] if file["kind"] == "file"] == [
        *context.generated,
        "packages/label/pyproject.toml",
        "packages/label/src/label/__init__.py",
    ]
    spec = ImageSpec(context=context, platform=Platform.LINUX_ARM64)
    assert listed["fingerprint"] == f"sha256:{spec.fingerprint}"
    assert last.startswith(f"6 files, 4 folders; {listed['bytes']} B; sha256:")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "--base a",
            "--base: must be a base image that is derived from a package, got 'a'; known are label; for one that only "
            "your app makes, such as with workload_bases=True, pass --graph FILE.py:NAME",
        ),
        (
            "--base label --file Dockerfile",
            "--base: decides what other options would, got 'label' with some of them; pass one or the others",
        ),
        (
            "--base label --max-bytes 5",
            "--base: decides what other options would, got 'label' with some of them; pass one or the others",
        ),
        (
            "--graph bases.py:graph",
            "--graph: must be given with --base, got 'bases.py:graph' without it; name a base image",
        ),
    ],
)
def test_an_option_for_derived_bases_that_cannot_be_met(
    tmp_path: Path, command: Command, options: str, message: str
) -> None:
    packages(tmp_path, {"api": ["label"], "label": []})
    asked = command("context", str(tmp_path), *options.split())
    assert asked == Printed(2, "", f"scoped-images: {message}\n")
