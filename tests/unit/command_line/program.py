"""Runs `scoped-images` as a process or in this one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scoped_images.command_line import main

PROGRAM = Path(sys.executable).with_name("scoped-images")


def run(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the installed program, in a pipe."""
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, cwd=folder)


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What `context --json` prints."""
    assert main(["context", *arguments, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert isinstance(content, dict)
    return content


def paths(content: dict[str, Any]) -> list[str]:
    return [file["path"] for file in content["files"]]
