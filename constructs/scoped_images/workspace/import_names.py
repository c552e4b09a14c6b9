"""Finds the modules that a package installs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scoped_images.workspace.package import Package
from scoped_images.workspace.setuptools_modules import setuptools_modules
from scoped_images.workspace.tables import setting
from scoped_images.workspace.version_source import build_requirements


def import_names(package: Package) -> frozenset[str]:
    """Return the top-level modules that a package installs, without namespace packages, as far as its files show them."""
    if "setuptools" in build_requirements(package):
        named = setuptools_modules(package)
    else:
        named = ((path.name, path) for path in _folders(package))
    return frozenset(name for name, path in named if _is_regular(path))


def _folders(package: Package) -> Iterator[Path]:
    """Yield what Hatch's or Poetry's settings name, else everything in src."""
    hatch = setting(package.tables, "hatch.build.targets.wheel.packages") or ()
    poetry = setting(package.tables, "poetry.packages") or ()
    src = package.folder / "src"
    if not hatch and not poetry and src.is_dir():
        yield from src.iterdir()
    for path in hatch:
        yield package.folder / PurePosixPath(path)
    for entry in poetry:
        parts = PurePosixPath(entry.get("include", "")).parts
        if parts:
            yield package.folder / entry.get("from", "") / parts[0]


def _is_regular(path: Path) -> bool:
    """Return whether a path is a module, or the folder of a package, that only one distribution can have."""
    if path.suffix == ".py":
        return path.is_file()
    try:
        text = (path / "__init__.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "extend_path" not in text and "declare_namespace" not in text
