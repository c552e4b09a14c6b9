"""A mistake on the command line is an error of one line that says what to do."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from scoped_images.context.scoped_context import ScopedContext
from tests.unit.command_line.program import Command, Printed

# (sentence, the command, the one line on stderr, {root} being the repository)
MISTAKES = [
    (
        "an error of the library",
        "context nowhere",
        "build context: directory 'nowhere' does not exist or is not a folder",
    ),
    (
        "a folder without a Dockerfile",
        "why repository/src --path a.py",
        "--file: missing, and 'repository/src' has no Dockerfile; name one by its path from there",
    ),
    (
        "a build argument without a value",
        "context repository --build-arg KIND",
        "--build-arg: must be NAME=VALUE, got 'KIND'",
    ),
    (
        "a build context without a folder",
        "context repository --build-context shared",
        "--build-context: must be NAME=PATH, got 'shared'",
    ),
    (
        "an option that is unknown",
        "context repository --jsn",
        "No such option: --jsn (Possible options: --json); see scoped-images --help",
    ),
    (
        "an output with something in it",
        "context repository --output repository",
        "--output: the folder is not empty, got 'repository'; give a new or an empty one",
    ),
    (
        "a file for an output",
        "context repository --output repository/run.sh",
        "--output: must be a folder, got 'repository/run.sh'; give a new or an empty one",
    ),
    ("a path that is not there", "why repository --path none", "path 'none': there is no {root}/none"),
]


@pytest.mark.parametrize(("words", "line"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_one_line_and_exit_code_2(words: str, line: str, root: Path, command: Command) -> None:
    assert command(*words.split()) == Printed(2, "", f"scoped-images: {line.format(root=root)}\n")


def test_a_context_that_is_too_large_is_not_written(root: Path, command: Command) -> None:
    printed = command("context", "repository", "--max-bytes", "20", "--output", "out")
    assert printed.err.startswith(
        "scoped-images: build context of Dockerfile is 29 B, and max_bytes is 20 B: "
    )
    assert not (root.parent / "out").exists()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/x"), "cannot use '/x': No such file"),
    ],
)
def test_an_error_of_the_system_is_one_line(
    error: OSError, line: str, root: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(ScopedContext, "requested", fail)
    assert command("context", str(root)) == Printed(2, "", f"scoped-images: {line}\n")
