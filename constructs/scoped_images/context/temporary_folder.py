"""Makes folders that are filled and then renamed, and removes those that killed processes have left."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from scoped_images.context.folder_handles import FOLDER_FLAGS, names_in, opened

_NAME = re.compile(r"\.scoped-images-[0-9a-f]{16}")
# Far longer than the largest context takes to write.
_LEFTOVER_SECONDS = 3600


@contextmanager
def temporary_folder(parent: int) -> Iterator[tuple[str, int]]:
    """Make a folder in an open folder; give its name and handle, and remove what is left of it at the end."""
    _remove_leftovers(parent)
    name = temporary_name()
    os.mkdir(name, 0o700, dir_fd=parent)
    try:
        with opened(name, FOLDER_FLAGS, below=parent) as descriptor:
            yield name, descriptor
    finally:
        remove(parent, name)


def temporary_name() -> str:
    """Return a new name. A later run removes what has it, if this one does not."""
    return f".scoped-images-{secrets.token_hex(8)}"


def remove(parent: int, name: str) -> None:
    """Remove an entry of an open folder, whatever it is; links are not followed."""
    with suppress(OSError):
        shutil.rmtree(name, ignore_errors=True, dir_fd=parent)
        os.unlink(name, dir_fd=parent)


def _remove_leftovers(parent: int) -> None:
    for name in filter(_NAME.fullmatch, names_in(parent)):
        with suppress(FileNotFoundError):
            changed = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mtime
            if time.time() - changed > _LEFTOVER_SECONDS:
                remove(parent, name)
