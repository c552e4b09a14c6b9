"""Fixtures of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images.context.scoped_context import ScopedContext


@pytest.fixture
def context(tmp_path: Path) -> ScopedContext:
    """A context whose target starts from a base and copies from the named bases `one` and `other`."""
    copies = "COPY --from=one / /\nCOPY --from=other / /\n"
    (tmp_path / "Dockerfile").write_text(
        f"ARG BASE_IMAGE_URI=scratch\nFROM ${{BASE_IMAGE_URI}} AS prod\n{copies}"
    )
    return ScopedContext.of(tmp_path)
