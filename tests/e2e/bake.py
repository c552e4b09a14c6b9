"""Runs `scoped-images build` in a deployment's project."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.deployment import Deployment


def command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("scoped-images")), "build", *arguments]


def build(deployment: Deployment, *arguments: str, code: int = 0, **variables: str) -> Any:
    """What `scoped-images build --json` prints, by default for the app's assembly."""
    done = subprocess.run(
        command("--json", *(arguments or ("--app", "cdk.out"))),
        cwd=deployment.project,
        env=deployment.variables() | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)
