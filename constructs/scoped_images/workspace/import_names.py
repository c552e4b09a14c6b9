"""Finds the modules that a package installs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scoped_images.workspace.build_files import TEST_AND_DOCUMENT_FOLDERS
from scoped_images.workspace.package import Package
from scoped_images.workspace.tables import setting
from scoped_images.workspace.version_source import build_requirements

# In a folder without src, setuptools installs these only if a setting names them.
_BESIDE = frozenset((*TEST_AND_DOCUMENT_FOLDERS, "scripts", "tools", "bin", "build"))


def import_names(package: Package) -> frozenset[str]:
    """Return the top-level Python packages that the layout shows, without namespace packages."""
    return frozenset(path.name for path in _folders(package) if _is_regular(path))


def _folders(package: Package) -> Iterator[Path]:
    src = package.folder / "src"
    if src.is_dir():
        yield from src.iterdir()
    elif "setuptools" in build_requirements(package):
        yield from (path for path in package.folder.iterdir() if path.name not in _BESIDE)
    for path in setting(package.tables, "hatch.build.targets.wheel.packages") or ():
        yield package.folder / PurePosixPath(path)
    for entry in setting(package.tables, "poetry.packages") or ():
        parts = PurePosixPath(entry.get("include", "")).parts
        if parts:
            yield package.folder / entry.get("from", "") / parts[0]


def _is_regular(folder: Path) -> bool:
    """Return whether a folder is a package that only one distribution can have."""
    try:
        text = (folder / "__init__.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "extend_path" not in text and "declare_namespace" not in text
