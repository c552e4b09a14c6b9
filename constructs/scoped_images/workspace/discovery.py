"""Finds the pyproject.toml files of a repository: the members of its uv workspace, else every one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scoped_images.errors import ScopedImagesError

# Folders that tools write; a repository keeps its packages elsewhere.
_SKIPPED = frozenset({"node_modules", "venv", "cdk.out", "build", "dist", "__pycache__"})


def member_folders(root: Path, workspace: Mapping[str, Any]) -> tuple[Path, ...]:
    """Return the folders of a `[tool.uv.workspace]`, its root first, then sorted.

    Raises ScopedImagesError if a member without a wildcard has no pyproject.toml.
    """
    excluded = {
        folder.resolve() for pattern in workspace.get("exclude", ()) for folder in _matching(root, pattern)
    }
    found: set[Path] = set()
    for pattern in workspace.get("members", ()):
        matches = [path.resolve() for path in _matching(root, pattern) if path.is_dir()]
        with_file = [path for path in matches if (path / "pyproject.toml").is_file()]
        if not with_file and not any(character in pattern for character in "*?["):
            raise ScopedImagesError(
                f"workspace: {root / 'pyproject.toml'} [tool.uv.workspace] names the member {pattern!r}, but "
                f"{root / pattern / 'pyproject.toml'} does not exist"
            )
        outside = [path for path in with_file if not path.is_relative_to(root)]
        if outside:
            raise ScopedImagesError(
                f"workspace: {root / 'pyproject.toml'} has the member {pattern!r} in [tool.uv.workspace], which leads by "
                f"a link to {outside[0]}, outside of the root: give the folder that holds both as root"
            )
        # Like uv, ignore hidden folders that a wildcard matches.
        found |= {path for path in with_file if path not in excluded and not path.name.startswith(".")}
    return (root, *sorted(found - {root}))


def _matching(root: Path, pattern: str) -> Iterable[Path]:
    """Return the paths that a pattern matches below the root; a pattern without a wildcard is one path."""
    plain = os.path.normpath(pattern)
    if plain.startswith(("/", "..")):
        raise ScopedImagesError(
            f"workspace: {root / 'pyproject.toml'} has {pattern!r} in [tool.uv.workspace], which is outside of the root: "
            "give the folder that holds all members as root"
        )
    return root.glob(plain) if any(character in plain for character in "*?[") else (root / plain,)


def every_folder(root: Path) -> tuple[Path, ...]:
    """Return the folders that hold a pyproject.toml, sorted. Skip hidden folders and folders that tools write."""
    return tuple(sorted(_walk(root)))


def _walk(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise ScopedImagesError(f"workspace: cannot list {folder}: {error.strerror}") from error
    names = {entry.name for entry in listed}
    if "pyvenv.cfg" in names:
        return
    if "pyproject.toml" in names:
        yield folder
    for entry in listed:
        if (
            entry.is_dir(follow_symlinks=False)
            and not entry.name.startswith(".")
            and entry.name not in _SKIPPED
        ):
            yield from _walk(Path(entry.path))
