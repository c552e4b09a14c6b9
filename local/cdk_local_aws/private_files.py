"""Makes files and folders that only their owner can read, and locks folders."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def private_folder(path: Path) -> Path:
    """Make the folder, or restrict an existing one to its owner."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file with mode 0600 from its first byte on; readers see either the old content or all of the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)  # with mode 0600
    with os.fdopen(handle, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    Path(temporary).replace(path)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder, and let only one process at a time work on it. The lock ends with its process."""
    import fcntl  # noqa: PLC0415 (Windows lacks it; there, choosing an engine ends with a message)

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
