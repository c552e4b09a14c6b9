"""Folders that a build context is made of."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.ignore_file import IgnoreFile


def existing_folder(directory: str | Path) -> Path:
    """Return the absolute path of a folder that is there."""
    # Python decodes file names by the locale; in another one the same name would be another text and another hash.
    if sys.getfilesystemencoding() != "utf-8":
        raise ScopedImagesError(
            f"build context: this locale reads file names as {sys.getfilesystemencoding()}, Dockerfiles are UTF-8: "
            "set PYTHONUTF8=1"
        )
    try:
        # The real one: with `..` in it, what lies in the folder would have two names.
        folder = Path(os.path.realpath(directory))
        there = bool(str(directory)) and folder.is_dir()
    except (OSError, ValueError) as error:
        raise ScopedImagesError(f"build context: cannot read {str(directory)!r}: {error}") from error
    if not there:
        raise ScopedImagesError(f"build context: directory {str(directory)!r} does not exist or is no folder")
    return folder


def whole_folder(root: Path, ignore: IgnoreFile, *, below: str = "") -> tuple[str, ...]:
    """Return every path of a folder, less what the ignore file leaves out, sorted by its bytes.

    below: only what is in this folder of `root`.
    """
    return tuple(sorted(_walk(root, below, ignore), key=os.fsencode))


def _walk(root: Path, folder: str, ignore: IgnoreFile) -> Iterator[str]:
    try:
        names = sorted(entry.name for entry in (root / folder).iterdir())
    except OSError as error:
        raise ScopedImagesError(f"build context: cannot list {root / folder}: {error.strerror}") from error
    for name in names:
        path = f"{folder}/{name}" if folder else name
        excluded = ignore.excludes(path)
        is_folder = (root / path).is_dir() and not (root / path).is_symlink()
        if is_folder and (not excluded or ignore.may_include_below(path)):
            below = list(_walk(root, path, ignore))
            # An excluded folder is there again when an exception (`!`) brings back something in it.
            if below or not excluded:
                yield path
                yield from below
        elif not is_folder and not excluded:
            yield path
