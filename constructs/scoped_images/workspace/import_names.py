"""Finds the modules that a package installs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scoped_images.workspace.package import Package
from scoped_images.workspace.setuptools_modules import setuptools_modules
from scoped_images.workspace.tables import setting
from scoped_images.workspace.version_source import build_requirements

# Without settings, these install the folder that is called as the package, and nothing beside it.
_INSTALL_ONE = frozenset({"hatchling", "poetry-core", "uv-build", "flit-core"})


def import_names(package: Package) -> frozenset[str]:
    """Return the top-level modules that a package installs, without namespace packages, as far as its files show them."""
    if "setuptools" in build_requirements(package):
        named = setuptools_modules(package)
    else:
        named = ((path.name.removesuffix(".py"), path) for path in _paths(package))
    return frozenset(name for name, path in named if _is_regular(path))


def _paths(package: Package) -> Iterator[Path]:
    """Yield what Hatch's or Poetry's settings name, else the package's own folder in src, else every folder there."""
    hatch = setting(package.tables, "hatch.build.targets.wheel.packages") or ()
    poetry = setting(package.tables, "poetry.packages") or ()
    src = package.folder / "src"
    own = src / package.name.replace("-", "_")
    if not hatch and not poetry and src.is_dir():
        only = own.is_dir() and _INSTALL_ONE & build_requirements(package).keys()
        yield from [own] if only else (path for path in src.iterdir() if path.is_dir())
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
