"""Finds the lock file of each package, and reads each file once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement

from scoped_images.errors import ScopedImagesError
from scoped_images.json_file import read_json
from scoped_images.workspace.lock import Lock
from scoped_images.workspace.package import Package
from scoped_images.workspace.pdm_lock import read_pdm_lock
from scoped_images.workspace.pipfile import read_pipfile_lock
from scoped_images.workspace.poetry_lock import read_poetry_lock
from scoped_images.workspace.pylock import read_pylock
from scoped_images.workspace.tables import read_toml
from scoped_images.workspace.uv_lock import read_uv_lock

PIP_LOCK = "requirements.lock"
_READERS: dict[str, Callable[[Path, Mapping[str, Any]], Lock]] = {
    "uv.lock": read_uv_lock,
    "poetry.lock": read_poetry_lock,
    "pdm.lock": read_pdm_lock,
    "pylock.toml": read_pylock,
    "Pipfile.lock": read_pipfile_lock,
}


class LockFiles:
    """The lock files of a repository."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[Path, Lock | None] = {}

    def nearest(self, package: Package, dependents: Iterable[Package] = ()) -> Lock | None:
        """Return the lock file that has the package: beside it, in a folder above it, or of what depends on it."""
        for folder in self._above(package.folder):
            for lock in self._in(folder):
                if lock.covers(package) and not self._is_left_behind(lock, package):
                    return lock
        for dependent in dependents:
            other = self.nearest(dependent)
            if other is not None and other.covers(package):
                return other
        return None

    def _is_left_behind(self, lock: Lock, package: Package) -> bool:
        """Return whether uv ignores a uv.lock, because the package is a member of a workspace above it."""
        return lock.path.name == "uv.lock" and any(
            package.name in outer.members and outer.entry_at(package.folder) is not None
            for folder in self._above(lock.path.parent)
            if folder != lock.path.parent
            for outer in self._in(folder)
        )

    def _above(self, folder: Path) -> Iterator[Path]:
        for each in (folder, *folder.parents):
            yield each
            if each == self._root:
                return

    def _in(self, folder: Path) -> Iterator[Lock]:
        for name in _READERS:
            path = folder / name
            if path not in self._read:
                self._read[path] = _read(path) if path.is_file() else None
            lock = self._read[path]
            if lock is not None:
                yield lock


def _read(path: Path) -> Lock:
    try:
        content = read_toml(path) if path.name != "Pipfile.lock" else read_json(path) or {}
        return _READERS[path.name](path, content)
    except ScopedImagesError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, InvalidRequirement) as error:
        # Only the tool writes this file, so its tables are not checked one by one.
        raise ScopedImagesError(f"{path}: is not a valid lock file; lock again") from error
