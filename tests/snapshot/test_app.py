"""`python app.py`, as the CDK CLI runs it: no Docker, no credentials, no stack traces for a user's mistake."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bare_environment import bare_environment

ROOT = Path(__file__).parents[2]


def run_app(outdir: Path, **context: Any) -> subprocess.CompletedProcess[str]:
    """Run app.py with a path without docker, and with CloudFormation validation."""
    settings = json.loads((ROOT / "cdk.json").read_text())["context"]
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=bare_environment(CDK_OUTDIR=str(outdir), CDK_CONTEXT_JSON=json.dumps({**settings, **context})),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outdir = tmp_path_factory.mktemp("prod")
    done = run_app(outdir, env="prod")
    assert done.returncode == 0, done.stderr
    return outdir


def test_synthesizes_the_environment_that_the_context_names(prod: Path) -> None:
    manifest = json.loads((prod / "manifest.json").read_text())
    stacks = [a for a in manifest["artifacts"].values() if a["type"] == "aws:cloudformation:stack"]
    assert {stack["environment"] for stack in stacks} == {"aws://333333333333/us-east-1"}
    assert len(stacks) == 7


def test_looks_nothing_up_in_the_account(prod: Path) -> None:
    assert "missing" not in json.loads((prod / "manifest.json").read_text())


def test_cloudformation_validation_finds_nothing(prod: Path) -> None:
    """CDK writes the report only when its validation is on, and lists only what found something."""
    assert json.loads((prod / "validation-report.json").read_text())["pluginReports"] == []


def test_without_a_name_the_environment_is_local_and_a_mistake_is_one_line(tmp_path: Path) -> None:
    done = run_app(tmp_path, environments={"dev": {}})
    assert done.returncode == 1
    assert re.fullmatch(
        r"app.py:\d+: error: environments: unknown environment, got 'local'; known are dev",
        done.stderr.strip().splitlines()[-1],
    )
    assert "Traceback" not in done.stderr
