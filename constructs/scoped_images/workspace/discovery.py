"""Finds the folders of a repository that may hold packages: the members of its uv workspace, else every one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scoped_images.context.folder import is_output_folder
from scoped_images.errors import ScopedImagesError
from scoped_images.expect import expect_list
from scoped_images.patterns.ignore_file import IgnoreFile

# Folders that tools write; a repository keeps its packages elsewhere.
_SKIPPED = frozenset({"node_modules", "venv", "build", "dist", "__pycache__", "site-packages"})
PACKAGE_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(frozen=True)
class Scope:
    """Where to look for packages.

    packages: folders, or patterns of folders, relative to the root; None for the members of a uv workspace, else all.
    exclude: patterns of folders to skip, with everything in them.
    """

    packages: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    _rules: IgnoreFile = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("packages", "exclude"):
            given = getattr(self, name)
            if name == "packages" and given is None:
                continue
            folders = tuple(expect_list(name, given))
            if not all(isinstance(each, str) and each for each in folders):
                raise ScopedImagesError(
                    f"{name}: must be a list of folders relative to the root, got {given!r}"
                )
            object.__setattr__(self, name, folders)
        object.__setattr__(self, "_rules", IgnoreFile.parse("\n".join(self.exclude), name="exclude"))

    def skips(self, root: Path, folder: Path) -> bool:
        """Return whether a folder of the root is excluded."""
        if not self.exclude or folder == root or not folder.is_relative_to(root):
            return False
        return self._rules.excludes(folder.relative_to(root).as_posix())


def member_folders(root: Path, workspace: Mapping[str, Any]) -> tuple[Path, ...]:
    """Return the folders of a `[tool.uv.workspace]`, its root first, then sorted. A member that is absent is left out.

    Raises ScopedImagesError if a member is outside of the root.
    """
    excluded = {
        folder.resolve() for pattern in workspace.get("exclude", ()) for folder in _matching(root, pattern)
    }
    found: set[Path] = set()
    for pattern in workspace.get("members", ()):
        with_file = _folders(root, pattern, ("pyproject.toml",))
        _refuse_outside(root, pattern, with_file)
        # Like uv, ignore hidden folders that a wildcard matches.
        found |= {path for path in with_file if path not in excluded and not path.name.startswith(".")}
    return (root, *sorted(found - {root}))


def named_folders(root: Path, patterns: Sequence[str]) -> tuple[Path, ...]:
    """Return the folders that `packages=` names, sorted. Raises ScopedImagesError if one names no package."""
    found: set[Path] = set()
    for pattern in patterns:
        folders = _folders(root, pattern, PACKAGE_FILES, where="packages:")
        if not folders:
            raise ScopedImagesError(
                f"packages: no folder below {root} with a {' or '.join(PACKAGE_FILES)} matches, got {pattern!r}"
            )
        found |= set(folders)
    return tuple(sorted(found))


def _folders(root: Path, pattern: str, files: Sequence[str], *, where: str = "") -> list[Path]:
    matches = [path.resolve() for path in _matching(root, pattern, where) if path.is_dir()]
    return [
        path
        for path in matches
        if any((path / name).is_file() for name in files) and not _is_in_output_folder(root, path)
    ]


def _is_in_output_folder(root: Path, folder: Path) -> bool:
    """Return whether CDK writes a folder of the root: a context in a cloud assembly copies the files of packages."""
    above = [each for each in (folder, *folder.parents) if each != root and each.is_relative_to(root)]
    return any(is_output_folder(str(each)) for each in above)


def _refuse_outside(root: Path, pattern: str, folders: Iterable[Path]) -> None:
    outside = [path for path in folders if not path.is_relative_to(root)]
    if outside:
        raise ScopedImagesError(
            f"workspace: {root / 'pyproject.toml'} has the member {pattern!r} in [tool.uv.workspace], which leads by a "
            f"link to {outside[0]}, outside of the root; give the folder that holds both as root"
        )


def _matching(root: Path, pattern: str, where: str = "") -> Iterable[Path]:
    """Return the paths that a pattern matches below the root; a pattern without a wildcard is one path."""
    plain = os.path.normpath(pattern)
    if plain.startswith(("/", "..")):
        where = where or f"workspace: {root / 'pyproject.toml'} [tool.uv.workspace] members:"
        raise ScopedImagesError(
            f"{where} must be below the root, got {pattern!r}; give the folder that holds all of them as root"
        )
    return root.glob(plain) if any(character in plain for character in "*?[") else (root / plain,)


def every_folder(root: Path, scope: Scope, files: Sequence[str] = PACKAGE_FILES) -> tuple[Path, ...]:
    """Return the folders that hold one of the files, sorted.

    Skips hidden folders and folders that tools write, cloud assemblies among them.
    """
    return tuple(sorted(_walk(root, root, scope, frozenset(files))))


def _walk(root: Path, folder: Path, scope: Scope, files: frozenset[str]) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise ScopedImagesError(f"workspace: cannot list {folder}: {error.strerror}") from error
    names = {entry.name for entry in listed}
    if "pyvenv.cfg" in names or scope.skips(root, folder):
        return
    if files & names:
        yield folder
    for entry in listed:
        if (
            entry.is_dir(follow_symlinks=False)
            and not entry.name.startswith(".")
            and entry.name not in _SKIPPED
            and not is_output_folder(entry.path)
        ):
            yield from _walk(root, Path(entry.path), scope, files)
