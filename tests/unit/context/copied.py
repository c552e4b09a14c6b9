"""A context to copy, and what a copy holds."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from scoped_images.context.scoped_context import ScopedContext


def context_of(root: Path) -> ScopedContext:
    return ScopedContext.of(root, dockerfile=root.parent / "Dockerfile")


def listing(folder: Path) -> dict[str, tuple[str, int, str]]:
    """Kind, mode and content of everything in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else ""  # noqa: PTH115
        found[str(path.relative_to(folder))] = (
            stat.filemode(status.st_mode)[0],
            stat.S_IMODE(status.st_mode),
            content,
        )
    return found
