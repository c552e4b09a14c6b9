"""Fixtures of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder whose Dockerfile lies beside it."""
    root = tmp_path / "root"
    (root / "app" / "deep").mkdir(parents=True)
    (root / "app" / "main.py").write_text("print(1)\n")
    (root / "app" / "run.sh").write_text("#!/bin/sh\n")
    (root / "app" / "run.sh").chmod(0o755)
    (root / "app" / "link").symlink_to("main.py")
    (root / "app" / "deep" / "data").write_text("data\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return root
