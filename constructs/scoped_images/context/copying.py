"""Writes the files of a context to a folder of their own, whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from scoped_images.context.file import (
    READ_FLAGS,
    ContextFile,
    Kind,
    changed,
    hash_bytes,
    in_tree_order,
    is_executable,
    opened_source,
)
from scoped_images.context.folder_handles import FOLDER_FLAGS, FolderHandles, names_in, open_folder, opened
from scoped_images.context.temporary_folder import remove, temporary_folder, temporary_name
from scoped_images.errors import ScopedImagesError

_WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_folder(
    root: Path,
    files: Iterable[ContextFile],
    extra: Mapping[str, bytes],
    destination: Path,
    *,
    replace: bool = False,
) -> None:
    """Write `files` of `root`, and the `extra` files, to the folder `destination`.

    The folder appears by one rename: a call that fails or is killed leaves no half of it, and of two at once one
    wins. If the folder exists and holds these files, nothing is written.
    replace: whether to replace other content, which is an error by default.

    Files are copied, never hard-linked: an edit of the source in place would reach the copy.
    Raises ScopedImagesError if a file differs from what was read when the context was made.
    """
    entries = in_tree_order(files, extra)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with open_folder(destination.parent) as parent:
            if _holds(parent, destination, entries):
                return
            if not replace and _is_taken(parent, destination.name):
                raise ScopedImagesError(
                    f"build context: {destination} has other content; remove it, or give a new folder"
                )
            with temporary_folder(parent) as (name, descriptor):
                _write(root, entries, extra, destination, os.dup(descriptor))
                _move(parent, name, destination, entries, replace=replace)
    except OSError as error:
        raise ScopedImagesError(
            f"build context: cannot write it to {destination}: {error.strerror}"
        ) from error


def _write(
    root: Path,
    entries: Mapping[str, ContextFile],
    extra: Mapping[str, bytes],
    destination: Path,
    descriptor: int,
) -> None:
    with FolderHandles(root) as sources, FolderHandles(destination, descriptor) as targets:
        for path, entry in entries.items():
            folder, _, name = path.rpartition("/")
            target = targets.open(folder)
            if entry.kind is Kind.DIRECTORY:
                os.mkdir(name, dir_fd=target)
                os.fchmod(targets.open(path), 0o755)
            elif entry.kind is Kind.LINK:
                os.symlink(entry.link, name, dir_fd=target)
            elif path in extra:
                _write_bytes(extra[path], name, target)
            else:
                _copy_file(sources, entry, name, target)
        # BuildKit copies the mode of a context's root with `COPY . /`.
        os.fchmod(targets.open(""), 0o755)


def _write_bytes(content: bytes, name: str, folder: int) -> None:
    with os.fdopen(os.open(name, _WRITE_FLAGS, dir_fd=folder), "wb") as stream:
        stream.write(content)
        os.fchmod(stream.fileno(), 0o644)


def _copy_file(sources: FolderHandles, entry: ContextFile, name: str, folder: int) -> None:
    """Copy a file with its mtime, with which Python decides whether a `.pyc` is up to date."""
    with (
        opened_source(sources, entry.path) as (source, status),
        opened(name, _WRITE_FLAGS, below=folder) as target,
    ):
        digest = hash_bytes(source, entry.size, copy_to=target)
        if digest != entry.sha256 or is_executable(os.fstat(source)) != entry.executable:
            raise changed(sources.root / entry.path)
        os.fchmod(target, entry.mode)
        os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))


def _move(
    parent: int, name: str, destination: Path, entries: Mapping[str, ContextFile], *, replace: bool
) -> None:
    while True:
        try:
            os.rename(name, destination.name, src_dir_fd=parent, dst_dir_fd=parent)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
            # Another process may have written the same a moment ago.
            if _holds(parent, destination, entries):
                return
            if not replace:
                raise
            aside = temporary_name()
            with suppress(FileNotFoundError):
                os.rename(destination.name, aside, src_dir_fd=parent, dst_dir_fd=parent)
                remove(parent, aside)
        else:
            return


def _is_taken(parent: int, name: str) -> bool:
    """Return whether there is anything but an empty folder."""
    try:
        with opened(name, FOLDER_FLAGS, below=parent) as folder:
            return bool(names_in(folder))
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _holds(parent: int, destination: Path, entries: Mapping[str, ContextFile]) -> bool:
    """Return whether the folder has exactly these entries: kinds, modes, bytes and links."""
    try:
        descriptor = os.open(destination.name, FOLDER_FLAGS, dir_fd=parent)
    except OSError:
        return False
    with FolderHandles(destination, descriptor) as folders:
        try:
            if not entries or stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o755:
                return False
            found = 0
            for folder in ("", *(path for path, entry in entries.items() if entry.kind is Kind.DIRECTORY)):
                found += len(names_in(folders.open(folder)))
            return found == len(entries) and all(
                _is_entry(folders.open(path.rpartition("/")[0]), entry) for path, entry in entries.items()
            )
        except OSError:
            return False


def _is_entry(folder: int, entry: ContextFile) -> bool:
    name = entry.path.rpartition("/")[2]
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if entry.kind is Kind.LINK:
        return stat.S_ISLNK(status.st_mode) and os.readlink(name, dir_fd=folder) == entry.link
    if stat.S_IMODE(status.st_mode) != entry.mode:
        return False
    if entry.kind is Kind.DIRECTORY:
        return stat.S_ISDIR(status.st_mode)
    if not stat.S_ISREG(status.st_mode) or status.st_size != entry.size or status.st_nlink != 1:
        return False
    with opened(name, READ_FLAGS, below=folder) as descriptor:
        return hash_bytes(descriptor, entry.size) == entry.sha256
