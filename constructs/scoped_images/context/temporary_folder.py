"""Makes folders that are filled and then renamed, and removes those that killed processes have left."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from scoped_images.context.folder_handles import FOLDER_FLAGS, names_in, opened

_NAME = re.compile(r"\.scoped-images-[0-9a-f]{16}")


@contextmanager
def temporary_folder(parent: int) -> Iterator[tuple[str, int]]:
    """Make a folder in an open folder; give its name and handle, and remove what is left of it at the end.

    The process that makes it holds a lock on it until it ends: whoever gets the lock may remove the folder.
    """
    remove_leftovers(parent)
    name, descriptor = _make(parent)
    try:
        yield name, descriptor
    finally:
        if _is_at(parent, name, descriptor):
            remove(parent, name)
        os.close(descriptor)


def temporary_name() -> str:
    """Return a new name that remove_leftovers takes for a temporary one."""
    return f".scoped-images-{secrets.token_hex(8)}"


def remove_leftovers(parent: int) -> None:
    """Remove temporary folders whose process has ended."""
    for name in names_in(parent):
        if not _NAME.fullmatch(name):
            continue
        with suppress(OSError), opened(name, FOLDER_FLAGS, below=parent) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its maker may have renamed it since it was opened.
            if _is_at(parent, name, descriptor):
                remove(parent, name)


def remove(parent: int, name: str) -> None:
    """Remove an entry of an open folder, whatever it is; links are not followed."""
    with suppress(OSError):
        shutil.rmtree(name, ignore_errors=True, dir_fd=parent)
        os.unlink(name, dir_fd=parent)


def _make(parent: int) -> tuple[str, int]:
    while True:
        name = temporary_name()
        os.mkdir(name, 0o700, dir_fd=parent)
        # Until it is locked another process may take it for a leftover, and remove it.
        with suppress(FileNotFoundError):
            descriptor = os.open(name, FOLDER_FLAGS, dir_fd=parent)
            if _lock(descriptor) and _is_at(parent, name, descriptor):
                return name, descriptor
            os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # On a file system without locks, remove_leftovers removes nothing either.
        return True
    return True


def _is_at(parent: int, name: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(name, dir_fd=parent, follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False
