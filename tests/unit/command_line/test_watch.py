"""What `scoped-images watch` does with cdk.json and with a damaged assembly."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scoped_images.command_line import main
from tests.unit.command_line.program import Command

WATCH = "cdk.out/scoped-images-watch.json"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an app that synth has seen, where the command runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cdk.out").mkdir()
    (tmp_path / WATCH).write_text('{"include": ["app.py"]}')
    return tmp_path


def test_write_keeps_characters_and_indent(app: Path) -> None:
    (app / "cdk.json").write_text('{\n\t"app": "python größe.py"\n}\n', encoding="utf-8")
    assert main(["watch", "--write"]) == 0
    assert (app / "cdk.json").read_text(encoding="utf-8") == (
        '{\n\t"app": "python größe.py",\n\t"watch": {\n\t\t'
        '"include": [\n\t\t\t"cdk.json",\n\t\t\t"app.py"\n\t\t],\n\t\t'
        '"exclude": [\n\t\t\t"**/__pycache__/**"\n\t\t]\n\t}\n}\n'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"*.tmp"', ["*.tmp", "**/__pycache__/**"]),
        ('["**/__pycache__/**", "*.tmp"]', ["**/__pycache__/**", "*.tmp"]),
    ],
)
def test_write_keeps_what_is_excluded(app: Path, before: str, after: list[str]) -> None:
    (app / "cdk.json").write_text(f'{{"watch": {{"exclude": {before}}}}}')
    assert main(["watch", "--write"]) == 0
    assert json.loads((app / "cdk.json").read_text())["watch"]["exclude"] == after


def test_write_follows_a_link(app: Path) -> None:
    (app / "shared").mkdir()
    (app / "shared" / "cdk.json").write_text("{}")
    (app / "cdk.json").symlink_to("shared/cdk.json")
    assert main(["watch", "--write"]) == 0
    assert (app / "cdk.json").readlink() == Path("shared/cdk.json")
    assert '"app.py"' in (app / "shared" / "cdk.json").read_text()


def test_a_number_beyond_json_leaves_the_file(app: Path, command: Command) -> None:
    (app / "cdk.json").write_text('{"context": {"n": 1e400}}')
    assert command("watch", "--write").err == (
        "scoped-images: cannot write cdk.json: it has a number that is too large for JSON; write the number as text\n"
    )
    assert (app / "cdk.json").read_text() == '{"context": {"n": 1e400}}'


def test_a_write_that_fails_leaves_no_file(
    app: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (app / "cdk.json").write_text("{}")
    monkeypatch.setattr(os, "fsync", full)
    assert (
        command("watch", "--write").err == "scoped-images: cannot write cdk.json: No space left on device\n"
    )
    assert sorted(path.name for path in app.iterdir()) == ["cdk.json", "cdk.out"]


@pytest.mark.parametrize(("text", "got"), [("{}", "None"), ('{"include": [1]}', "[1]")])
def test_a_damaged_assembly_is_one_line(app: Path, command: Command, text: str, got: str) -> None:
    (app / WATCH).write_text(text)
    assert command("watch").err == (
        f"scoped-images: {WATCH}: include must be a list of patterns, got {got}; run cdk synth again\n"
    )
