"""A mistake on the command line is an error of one line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.command_line import main

# (sentence, the command, the one line on stderr, {root} being the repository)
MISTAKES = [
    (
        "a root that is not there",
        "context nowhere --file Dockerfile",
        "build context: directory 'nowhere' does not exist or is not a folder",
    ),
    (
        "a Dockerfile that is not there",
        "context repository --file none",
        "build context: cannot read Dockerfile {root}/none: No such file or directory",
    ),
    (
        "a folder without a Dockerfile",
        "why repository/src --path a.py",
        "--file: missing, and 'repository/src' has no Dockerfile; name one by its path from there",
    ),
    (
        "a folder for a Dockerfile",
        "context repository --file src",
        "build context: cannot read Dockerfile {root}/src: Is a directory",
    ),
    (
        "a build argument without a value",
        "context repository --file Dockerfile --build-arg KIND",
        "--build-arg: must be NAME=VALUE, got 'KIND'",
    ),
    (
        "a build context without a folder",
        "context repository --file Dockerfile --build-context shared",
        "--build-context: must be NAME=PATH, got 'shared'",
    ),
    (
        "a platform that no image is for",
        "context repository --file Dockerfile --platform linux/mips",
        "platform: must be one of 'linux/amd64', 'linux/arm64', got 'linux/mips'",
    ),
    (
        "a target that is not a stage",
        "context repository --file Dockerfile --target prod",
        "target: Dockerfile has no such stage, got 'prod'; its stages are 'test'",
    ),
    (
        "a source that is not there",
        "context repository --file Dockerfile --build-arg KIND=none",
        "Dockerfile:6: COPY source 'config/none' does not exist: there is no {root}/config/none",
    ),
    (
        "an option that is unknown",
        "context repository --file Dockerfile --jsn",
        "No such option: --jsn (Possible options: --json); see scoped-images --help",
    ),
    (
        "no number of bytes",
        "context repository --file Dockerfile --max-bytes 0",
        "max_bytes: must be at least 1, got 0",
    ),
    (
        "an output with something in it",
        "context repository --file Dockerfile --output repository",
        "--output: the folder is not empty, got 'repository'; give a new or an empty one",
    ),
    (
        "a file for an output",
        "context repository --file Dockerfile --output repository/run.sh",
        "--output: must be a folder, got 'repository/run.sh'; give a new or an empty one",
    ),
    (
        "a path that is not there",
        "why repository --file Dockerfile --path none",
        "path 'none': there is no {root}/none",
    ),
]


@pytest.mark.parametrize(("command", "line"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_one_line_and_exit_code_2(
    command: str, line: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.split()) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"scoped-images: {line.format(root=root)}\n"


def test_the_error_of_a_large_context_names_its_largest_files_and_their_lines(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "src" / "large").write_bytes(bytes(5000))
    arguments = ["context", "repository", "--file", "Dockerfile", "--max-bytes", "4000", "--output", "out"]
    assert main(arguments) == 2
    assert capsys.readouterr().err == (
        "scoped-images: build context of Dockerfile is 5.0 kB, and max_bytes is 4.0 kB: leave files out with "
        "Dockerfile.dockerignore, or raise max_bytes. The largest files:\n"
        "     5.0 kB  src/large  (Dockerfile:5)\n"
        "       13 B  config/plain  (Dockerfile:6)\n"
        "        9 B  src/a.py  (Dockerfile:5, Dockerfile:6)\n"
        "        7 B  run.sh  (Dockerfile:6)\n"
    )
    assert not (root.parent / "out").exists()
