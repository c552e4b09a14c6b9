"""`scoped-images why`: one path's answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.command_line import main

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
def test_why(path: str, answer: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["why", "repository", "--file", "Dockerfile", "--path", path.format(root=root)]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"{answer}\n"


def test_why_answers_for_a_source_that_a_rule_takes_away(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The build itself would fail there."""
    (root / ".dockerignore").write_text("run.sh\n")
    assert main(["why", "repository", "--file", "Dockerfile", "--path", "run.sh"]) == 0
    assert capsys.readouterr().out == "run.sh stays out: the rule .dockerignore:1: run.sh leaves it out\n"


def test_why_names_the_include(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = "why repository --file Dockerfile --include config/* --path config/rich"
    assert main(arguments.split()) == 0
    assert capsys.readouterr().out == "config/rich goes in: include config/*\n"
