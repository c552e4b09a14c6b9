"""Small trees, and what a Dockerfile of one stage selects of them."""

from __future__ import annotations

from pathlib import Path

from scoped_images.context.selection import Selection, select_files
from scoped_images.dockerfile.context_sources import context_sources
from scoped_images.patterns.ignore_file import IgnoreFile


def make(root: Path, paths: str) -> None:
    """Create files, folders (`a/`) and links (`a->b`)."""
    for path in paths.split():
        name, arrow, target = path.partition("->")
        full = root / name
        full.parent.mkdir(parents=True, exist_ok=True)
        if arrow:
            full.symlink_to(target)
        elif name.endswith("/"):
            full.mkdir(exist_ok=True)
        else:
            full.write_text(name)


def select(root: Path, lines: str, ignore: str = "") -> Selection:
    """Select for a Dockerfile of one stage, whose first line after FROM is line 2."""
    sources = context_sources(f"FROM scratch\n{lines}\n")
    return select_files(root, sources, IgnoreFile.parse(ignore))


def paths(root: Path, selection: Selection) -> str:
    """Files and links, and folders with a slash."""
    kinds = {path: (root / path).is_dir() and not (root / path).is_symlink() for path in selection.lines}
    return " ".join(f"{path}/" if is_folder else path for path, is_folder in kinds.items())
