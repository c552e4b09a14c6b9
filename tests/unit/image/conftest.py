"""Fixtures of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.context.scoped_context import ScopedContext


@pytest.fixture
def context(tmp_path: Path) -> ScopedContext:
    (tmp_path / "Dockerfile").write_text("ARG BASE_IMAGE_URI=scratch\nFROM ${BASE_IMAGE_URI} AS prod\n")
    return ScopedContext.of(tmp_path)
