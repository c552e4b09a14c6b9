"""Finds and reads the ignore file of a build context."""

from __future__ import annotations

from pathlib import Path

from scoped_images.context.small_file import read_small_file
from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.ignore_file import IgnoreFile


def read_ignore_file(root: Path, dockerfile: Path) -> IgnoreFile:
    """Read `<Dockerfile>.dockerignore` beside the Dockerfile, else the root's `.dockerignore`, else no rules."""
    own = _read(dockerfile.with_name(f"{dockerfile.name}.dockerignore"))
    return own if own is not None else read_folder_ignore_file(root)


def read_folder_ignore_file(root: Path) -> IgnoreFile:
    """Read the folder's `.dockerignore`, else no rules."""
    found = _read(root / ".dockerignore")
    return found if found is not None else IgnoreFile()


def _read(path: Path) -> IgnoreFile | None:
    try:
        return IgnoreFile.parse(read_small_file(path, what="ignore file"), name=path.name)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
    except OSError as error:
        raise ScopedImagesError(f"ignore file: cannot read {path}: {error.strerror}") from error
