"""A repository that is built from `app`, and the context of its Dockerfile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError


def make_repository(root: Path) -> Path:
    (root / "app").mkdir(parents=True)
    (root / "app" / "main.py").write_text("print(1)\n")
    (root / "other").mkdir()
    (root / "other" / "large").write_bytes(bytes(20_000))
    (root / "Dockerfile").write_text("FROM scratch\nCOPY app /app\n")
    return root


def find(root: Path, lines: str = "COPY app /app", **options: Any) -> ScopedContext:
    """Find the context of a Dockerfile whose first line after FROM is line 2."""
    (root / "Dockerfile").write_text(f"FROM scratch\n{lines}\n")
    return ScopedContext.from_dockerfile(root, **{"platform": "linux/amd64", **options})


def refusal(root: Path, lines: str = "COPY app /app", **options: Any) -> str:
    with pytest.raises(ScopedImagesError) as caught:
        find(root, lines, **options)
    return str(caught.value)


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
