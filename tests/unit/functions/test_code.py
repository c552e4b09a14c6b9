"""Each function's zip holds everything that its handler imports, and the same bytes on every machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scoped_images.functions.code import FUNCTIONS, FunctionName, function_files


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_zip_runs_by_itself(name: FunctionName, tmp_path: Path) -> None:
    """Without this project, aws_cdk or the modules that stay at home; boto3 is in Lambda's runtime."""
    for path, content in function_files(name).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    script = (
        "import sys; sys.modules['aws_cdk'] = sys.modules['constructs'] = None; import index, scoped_images; "
        "print(scoped_images.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "AWS_DEFAULT_REGION": "eu-west-1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{tmp_path}/scoped_images/__init__.py\n", "")
