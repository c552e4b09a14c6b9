"""The step of the workflow that compares a pull request passes on what `cdk diff` prints, and fails with it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def job(name: str) -> Any:
    return yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"][name]


def run_diff(folder: Path, make: str) -> tuple[int, str]:
    """Run the step as GitHub does, with a `make` of this test; return the exit code and the output that it sets."""
    program = folder / "make"
    program.write_text(f"#!/bin/sh\n{make}\n")
    program.chmod(0o755)
    (step,) = [step for step in job("diff")["steps"] if step.get("id") == "diff"]
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{folder}:{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(folder / "output"),
        },
        capture_output=True,
        check=False,
    )
    first, *lines = (folder / "output").read_text().splitlines()
    assert first == f"diff<<{lines[-1]}"
    return done.returncode, "\n".join(lines[:-1]).rstrip("\n")


@pytest.mark.parametrize("status", [0, 1])
def test_the_step_passes_the_diff_on_and_fails_if_there_is_none(tmp_path: Path, status: int) -> None:
    assert run_diff(tmp_path, f"echo Stack A; echo 'no such role' >&2; exit {status}") == (
        status,
        "Stack A\nno such role",
    )


def test_a_diff_is_cut_to_what_a_comment_takes(tmp_path: Path) -> None:
    status, diff = run_diff(tmp_path, "yes | head --bytes 70000")
    assert (status, len(diff)) == (0, 59_999)
