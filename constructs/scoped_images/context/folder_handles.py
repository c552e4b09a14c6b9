"""Opens the folders of a tree by handles, so that no link that is swapped in meanwhile leads out of the tree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from scoped_images.context.folder import refuse_deep_folder
from scoped_images.errors import ScopedImagesError

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Looking up a name in a folder takes the right to search it, not the right to list it.
_SEARCH_FLAGS = getattr(os, "O_PATH", 0) | FOLDER_FLAGS


@contextmanager
def opened(path: str | Path, flags: int, *, below: int | None = None) -> Iterator[int]:
    """Open a path, which starts from the open folder `below` if there is one, and close it at the end."""
    descriptor = os.open(path, flags, dir_fd=below)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def names_in(descriptor: int) -> list[str]:
    """List an open folder."""
    return os.listdir(descriptor)


def open_folder(folder: Path) -> AbstractContextManager[int]:
    """Open a folder that may itself be a link, and close it at the end."""
    return opened(folder, FOLDER_FLAGS & ~os.O_NOFOLLOW)


class FolderHandles:
    """Folders below `root`, each opened by its name in the handle of the folder above it.

    The handles on the way to the last folder stay open: a walk in order of paths opens each folder once.
    """

    def __init__(self, root: Path, descriptor: int | None = None) -> None:
        """Open the root, or take over its open handle; a root may itself be a link. Raises ScopedImagesError."""
        self.root = root
        self._flags = _SEARCH_FLAGS if descriptor is None else FOLDER_FLAGS
        self._names: list[str] = []
        if descriptor is None:
            try:
                descriptor = os.open(root, _SEARCH_FLAGS & ~os.O_NOFOLLOW)
            except OSError as error:
                raise ScopedImagesError(f"build context: cannot read {root}: {error.strerror}") from error
        self._handles = [descriptor]
        self._open: str | None = ""

    def open(self, folder: str) -> int:
        """Return the handle of a folder, which stays open until another folder is opened; "" is the root.

        Raises OSError where the path has no folder, or a link.
        """
        if folder == self._open:
            return self._handles[-1]
        names = folder.split("/") if folder else []
        refuse_deep_folder(self.root, folder)
        # Until all of its folders are open, no folder is the last one.
        self._open = None
        shared = 0
        while shared < min(len(names), len(self._names)) and names[shared] == self._names[shared]:
            shared += 1
        self._close_below(shared)
        for name in names[shared:]:
            self._handles.append(os.open(name, self._flags, dir_fd=self._handles[-1]))
            self._names.append(name)
        self._open = folder
        return self._handles[-1]

    def _close_below(self, depth: int) -> None:
        while len(self._names) > depth:
            self._names.pop()
            os.close(self._handles.pop())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close_below(0)
        os.close(self._handles.pop())
