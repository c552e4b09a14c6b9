"""The README's Python, as written, in a repository that has the files it names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = "ARG BASE_IMAGE_URI=scratch\nFROM ${BASE_IMAGE_URI}\nCOPY . /\n"
WORKSPACE = {
    "pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*", "lambdas/*"]\n',
    "packages/shared/pyproject.toml": '[project]\nname = "shared"\nversion = "1"\n',
    "packages/shared/src/shared/__init__.py": "",
    "lambdas/upload/pyproject.toml": (
        '[project]\nname = "upload"\nversion = "1"\ndependencies = ["shared"]\n'
        "[tool.uv.sources]\nshared = { workspace = true }\n"
    ),
    "lambdas/upload/handler.py": "",
    "dockerfiles/base_shared.Dockerfile": DOCKERFILE,
    "dockerfiles/upload.Dockerfile": DOCKERFILE,
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, text in WORKSPACE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def stacks_of(script: str, repository: Path) -> set[str]:
    """The stacks that a program synthesizes, run as the CDK CLI runs it."""
    environment = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]["dev"]
    context = {"environments": {"dev": {**environment, "region": "eu-west-1"}}}
    variables = {"CDK_OUTDIR": str(repository / "cdk.out"), "CDK_CONTEXT_JSON": json.dumps(context)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=repository,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {path.name.removesuffix(".template.json") for path in repository.glob("cdk.out/*.template.json")}


def test_the_examples_synthesize(repository: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    first, second = re.findall(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert stacks_of(first, repository) == {"Repositories", "BaseShared", "Functions"}
    both = f"{first.replace('app.synth()', '')}\n{second}\napp.synth()\n"
    assert {"shop-dev-base-repositories", "shop-dev-base-shared", "Upload"} <= stacks_of(both, repository)
