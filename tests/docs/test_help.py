"""The help of `scoped-images` ends with an example that its programs take, and is what a bare command prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from scoped_images.command_line import main
from scoped_images.command_line.program import app
from tests.docs.pages import ROOT
from tests.docs.test_commands import check_all


def commands_below(command: Any, *names: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command that does something."""
    below = getattr(command, "commands", None)
    if below is None:
        yield names
    for name, each in (below or {}).items():
        yield from commands_below(each, *names, name)


COMMANDS = list(commands_below(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_a_command_ends_with_an_example_of_it(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*words, "--help"]) == 0
    *_, last = capsys.readouterr().out.strip().splitlines()
    title, _, example = last.strip().partition(": ")
    assert title == "Example"
    assert f"scoped-images {' '.join(words)}" in example
    check_all(example)


def test_the_table_of_commands_has_each_in_the_order_of_the_help() -> None:
    table = (ROOT / "docs" / "README.md").read_text()
    assert re.findall(r"^\| \[`scoped-images ([^`]+)`\]", table, re.MULTILINE) == [
        " ".join(words) for words in COMMANDS
    ]


@pytest.mark.parametrize("words", [[], ["bases"]])
def test_a_command_without_a_subcommand_prints_its_help(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    printed = capsys.readouterr()
    assert f"Usage: {' '.join(['scoped-images', *words])} [OPTIONS] COMMAND" in printed.out
    assert printed.err == ""
