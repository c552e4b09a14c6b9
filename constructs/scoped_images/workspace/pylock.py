"""Reads pylock.toml: https://packaging.python.org/en/latest/specifications/pylock-toml/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.pylock import Package as LockedPackage
from packaging.pylock import Pylock, PylockValidationError

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.lock import Entry, Lock


def read_pylock(path: Path, tables: Mapping[str, Any]) -> Lock:
    """Return what a pylock.toml says. Everything in it is needed where its marker holds."""
    try:
        lock = Pylock.from_dict(dict(tables))
    except PylockValidationError as error:
        raise ScopedImagesError(f"{path}: is not a valid pylock.toml: {error}; lock again") from None
    return Lock(
        path=path,
        update="uv export --format pylock.toml",
        entries=tuple(_entry(path.parent, package) for package in lock.packages),
        requires_python=str(lock.requires_python or ""),
        has_edges=False,
    )


def _entry(root: Path, package: LockedPackage) -> Entry:
    folder = (root / package.directory.path).resolve() if package.directory else None
    return Entry(
        name=package.name,
        version=str(package.version or ""),
        folder=folder,
        elsewhere="" if folder or not (package.vcs or package.archive) else "git" if package.vcs else "url",
        hashes=tuple(sorted(_hashes(package))),
        marker=str(package.marker or ""),
    )


def _hashes(package: LockedPackage) -> Iterator[str]:
    for file in (*(package.wheels or ()), *((package.sdist,) if package.sdist else ())):
        yield from (f"{algorithm}:{digest}" for algorithm, digest in file.hashes.items())
