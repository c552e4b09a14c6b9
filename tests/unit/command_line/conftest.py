"""Fixtures of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.command_line.repository import make_repository


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, beside which the commands run."""
    make_repository(tmp_path / "repository")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "repository"
