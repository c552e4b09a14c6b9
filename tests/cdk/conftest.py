"""Gives each test a small app of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cdk.small_app import SmallApp


@pytest.fixture
def small_app(tmp_path: Path) -> SmallApp:
    return SmallApp(tmp_path)
