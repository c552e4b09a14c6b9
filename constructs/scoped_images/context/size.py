"""How large a context is, and what makes it large."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scoped_images.context.file import ContextFile
from scoped_images.context.folder_handles import FolderHandles
from scoped_images.errors import ScopedImagesError
from scoped_images.expect import expect
from scoped_images.printable import printable_line

MAX_BYTES = 250_000_000
# Of a whole repository: above any that is built, and below a sparse file that would be read for hours.
REPOSITORY_MAX_BYTES = 20_000_000_000

_UNITS = ("B", "kB", "MB", "GB")


@dataclass(frozen=True, kw_only=True)
class SizeLimit:
    """How large a context may be.

    context: what an error calls it. ignore_file: where files can be left out. dockerfile: whose lines ask for files.
    """

    max_bytes: int
    context: str
    ignore_file: str
    dockerfile: str

    def __post_init__(self) -> None:
        expect("max_bytes", self.max_bytes, int, "use a number of bytes")
        if self.max_bytes < 1:
            raise ScopedImagesError(f"max_bytes: must be at least 1, got {self.max_bytes}")


def readable(size: int) -> str:
    """Return bytes in decimal units, as `docker` prints them: `1.2 MB`."""
    value = float(size)
    for unit in _UNITS[:-1]:
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} {_UNITS[-1]}"


def largest_parts(files: Iterable[ContextFile], count: int = 10) -> str:
    """Return the largest entries at the context's root, with their sizes."""
    parts: Counter[str] = Counter()
    for file in files:
        parts[file.path.partition("/")[0]] += file.size
    return ", ".join(f"{name} {readable(size)}" for name, size in parts.most_common(count))


def read_files(root: Path, asked: Mapping[str, tuple[int, ...]], limit: SizeLimit) -> tuple[ContextFile, ...]:
    """Read paths, each with the Dockerfile lines that ask for it.

    Raises ScopedImagesError beyond the limit, with the largest files and their lines, before anything is read.
    """
    sizes = {path: file_size(f"{root}/{path}") for path in asked}
    total = sum(sizes.values())
    if total > limit.max_bytes:
        largest = sorted(asked, key=lambda path: -sizes[path])[:10]
        lines = "\n".join(
            f"  {readable(sizes[path]):>9}  {printable_line(path)}{_asked_by(asked[path], limit.dockerfile)}"
            for path in largest
            if sizes[path]
        )
        raise ScopedImagesError(
            f"{limit.context} is {readable(total)}, and max_bytes is {readable(limit.max_bytes)}: leave files out with "
            f"{limit.ignore_file}, or raise max_bytes. The largest files:\n{lines}"
        )
    # In the order of a walk, in which each folder is opened once.
    with FolderHandles(root) as folders:
        read = {
            path: ContextFile.read(folders, path, sources=asked[path])
            for path in sorted(asked, key=lambda path: path.split("/"))
        }
    return tuple(read[path] for path in asked)


def file_size(path: str) -> int:
    """Return the bytes of a file; 0 for anything else, and for a path that cannot be read."""
    try:
        status = os.lstat(path)
    except OSError:
        return 0  # reading it reports the problem
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _asked_by(lines: tuple[int, ...], dockerfile: str) -> str:
    places = [f"{dockerfile}:{line}" if line else "include" for line in lines]
    return f"  ({', '.join(places)})" if places else ""
