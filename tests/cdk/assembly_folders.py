"""Reads the folders that the CLI builds from, and says what a context should have put there."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scoped_images import ScopedContext
from scoped_images.context.named import NamedContext

Entries = dict[str, tuple[str, int, bytes]]


def entries(folder: Path) -> Entries:
    """Return kind, mode, and bytes or link of everything in a folder."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        if path.is_symlink():
            found[str(path.relative_to(folder))] = ("link", 0o777, os.readlink(bytes(path)))  # noqa: PTH115
        elif path.is_dir():
            found[str(path.relative_to(folder))] = ("directory", stat.S_IMODE(status.st_mode), b"")
        else:
            found[str(path.relative_to(folder))] = ("file", stat.S_IMODE(status.st_mode), path.read_bytes())
    return found


def expected(context: ScopedContext | NamedContext) -> Entries:
    """Return what the context says, with the bytes of its root."""
    found: Entries = {
        str(folder): ("directory", 0o755, b"")
        for file in context.files
        for folder in PurePosixPath(file.path).parents
        if folder.name
    }
    for file in context.files:
        content = (context.root / file.path).read_bytes() if file.kind == "file" else file.link.encode()
        found[file.path] = (str(file.kind), file.mode, content)
    further = context.further_files if isinstance(context, ScopedContext) else {}
    return found | {path: ("file", 0o644, content) for path, content in further.items()}


def folders(assembly: Path) -> Iterator[Path]:
    """Give the folders that an assembly's asset manifests have built, where the CLI looks for them."""
    for manifest in assembly.rglob("*.assets.json"):
        for image in json.loads(manifest.read_text())["dockerImages"].values():
            yield manifest.parent / image["source"]["directory"]
