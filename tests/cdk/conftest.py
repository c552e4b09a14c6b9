"""Gives each test an app of its own, small or empty, and a repository of packages."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest

from scoped_images import OrderedAssets
from tests.cdk.small_app import SmallApp
from tests.cdk.workspace import FILES


@pytest.fixture
def small_app(tmp_path: Path) -> SmallApp:
    return SmallApp(tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def app(tmp_path: Path) -> cdk.App:
    return cdk.App(outdir=str(tmp_path / "cdk.out"), default_stack_synthesizer=OrderedAssets())
