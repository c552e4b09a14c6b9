"""Copies the files of a context into a folder of their own, whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from scoped_images.context.file import ContextFile, Kind
from scoped_images.errors import ScopedImagesError

if sys.platform == "linux":
    import fcntl

# linux/fs.h: the file system lets two files share their blocks until one is written (Btrfs, XFS, bcachefs).
_FICLONE = 0x40049409


def stage(root: Path, files: Iterable[ContextFile], extra: Mapping[str, bytes], destination: Path) -> None:
    """Write `files` of `root`, and the `extra` files, to the new folder `destination`.

    The folder appears by one rename: a failed or second, concurrent call leaves no half of it. Where it is
    already, with anything in it, nothing is done: its name stands for its content.
    Copies (reflinks where the file system clones), never hard links: a hard link would let a later edit
    of the source in place change what is staged under an older fingerprint.

    Raises ScopedImagesError when a file differs from what was read when the context was made.
    """
    try:
        if _is_staged(destination):
            return
        destination.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{destination.name[:40]}-", dir=destination.parent))
        try:
            # mkdtemp makes it private; BuildKit copies the mode of a context's root with `COPY . /`.
            building.chmod(0o755)
            # First: a read-only directory of the context takes no more files.
            for name, content in extra.items():
                added = building / name
                added.parent.mkdir(parents=True, exist_ok=True)
                added.write_bytes(content)
                added.chmod(0o644)
            _copy_all(root, files, building)
            _move(building, destination)
        finally:
            _remove(building)
    except OSError as error:
        raise ScopedImagesError(
            f"build context: cannot stage it as {destination}: {error.strerror}"
        ) from error


def _copy_all(root: Path, files: Iterable[ContextFile], building: Path) -> None:
    directories = []
    for file in files:
        target = building / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.kind is Kind.DIRECTORY:
            target.mkdir(exist_ok=True)
            directories.append((target, file.mode))
            continue
        if file.kind is Kind.LINK:
            target.symlink_to(file.link)
        else:
            _copy_file(root / file.path, target)
            target.chmod(file.mode)
        if ContextFile.read(building, file.path).identity() != file.identity():
            raise ScopedImagesError(f"build context: {root / file.path} changed while it was read; try again")
    # Last, and deepest first: a read-only directory takes no more files.
    for target, mode in reversed(directories):
        target.chmod(mode)


def _copy_file(source: Path, target: Path) -> None:
    try:
        if not _clone_file(source, target):
            shutil.copyfile(source, target)
    except OSError as error:
        raise ScopedImagesError(f"build context: cannot copy {source}: {error.strerror}") from error


def _clone_file(source: Path, target: Path) -> bool:
    """Make `target` a reflink of `source`; tell whether the file system could."""
    if sys.platform != "linux":
        return False
    with source.open("rb") as original, target.open("wb") as copy:
        try:
            fcntl.ioctl(copy.fileno(), _FICLONE, original.fileno())
        except OSError:
            return False
    return True


def _move(building: Path, destination: Path) -> None:
    try:
        os.rename(building, destination)  # noqa: PTH104 - Path.rename is the same call
    except OSError:
        # Staged by another synth a moment ago: its name is its content.
        if not _is_staged(destination):
            raise


def _is_staged(destination: Path) -> bool:
    return destination.is_dir() and any(destination.iterdir())


def _remove(building: Path) -> None:
    """Remove what was not moved, read-only directories of the context too."""
    for folder, _, _ in os.walk(building):
        Path(folder).chmod(0o700)
    shutil.rmtree(building, ignore_errors=True)
