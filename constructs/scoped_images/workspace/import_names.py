"""Finds the modules that a package installs, as far as its files show them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from scoped_images.workspace.package import Package
from scoped_images.workspace.tables import setting
from scoped_images.workspace.version_source import build_requirements

# Without settings, these install the folder that is called as the package, and nothing beside it.
_INSTALL_ONE = frozenset({"hatchling", "poetry-core", "uv-build", "flit-core"})
# Without settings, setuptools installs none of these from a folder without src, and refuses to choose between others:
# setuptools/discovery.py, which has more of them.
_NOT_INSTALLED = frozenset(
    (
        *("test", "tests", "doc", "docs", "example", "examples", "scripts", "tools", "util", "utils"),
        *("build", "dist", "setup", "conftest", "noxfile", "toxfile", "tasks", "fabfile", "manage"),
    )
)
_SETUP_NAMES = re.compile(r"\b(packages|py_modules|package_dir|ext_modules)\b")


def import_names(package: Package) -> frozenset[str]:
    """Return the top-level modules that a package installs, without namespace packages."""
    paths = _setuptools(package) if "setuptools" in build_requirements(package) else _others(package)
    return frozenset(path.name.removesuffix(".py") for path in paths if _is_regular(path))


def _others(package: Package) -> Iterator[Path]:
    """Yield what Hatch's or Poetry's settings name, else the package's own folder in src, else every folder there."""
    hatch = setting(package.tables, "hatch.build.targets.wheel.packages") or ()
    poetry = setting(package.tables, "poetry.packages") or ()
    src = package.folder / "src"
    own = src / package.name.replace("-", "_")
    if not hatch and not poetry and src.is_dir():
        only = own.is_dir() and _INSTALL_ONE & build_requirements(package).keys()
        yield from [own] if only else (path for path in src.iterdir() if path.is_dir())
    yield from (package.folder / path for path in hatch)
    for entry in poetry:
        parts = Path(entry.get("include", "")).parts
        if parts:
            yield package.folder / entry.get("from", "") / parts[0]


def _setuptools(package: Package) -> Iterator[Path]:
    """Yield what the settings of setuptools name, else what it discovers; nothing if they leave it unclear."""
    folder, packages = package.folder, setting(package.tables, "setuptools.packages")
    modules, folders = (setting(package.tables, f"setuptools.{key}") for key in ("py-modules", "package-dir"))
    folders = folders if isinstance(folders, dict) else {}
    root = folder / str(folders.get("", ""))
    yield from (root / f"{name}.py" for name in _texts(modules))
    yield from (root / name for name in _texts(packages) if name not in folders)
    if isinstance(packages, dict):
        find = packages.get("find")
        find = find if isinstance(find, dict) else {}
        include, exclude = _texts(find.get("include")) or ("*",), _texts(find.get("exclude"))
        for where in _texts(find.get("where")) or (".",):
            for path in _content(folder / where):
                if path.is_dir() and _matches(path, include) and not _matches(path, exclude):
                    yield path
    elif packages is None and modules is None and not folders.keys() - {""}:
        yield from _discovered(package, root if folders else folder / "src")


def _discovered(package: Package, src: Path) -> Iterator[Path]:
    files = (package.folder / name for name in ("setup.py", "setup.cfg"))
    setup = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file())
    named = _SETUP_NAMES.search(setup)
    if src.is_dir():
        if not named or ("find" in setup and not re.search(r"\b(in|ex)clude\b", setup)):
            yield from _content(src)
    elif not named:
        found = [path for path in _content(package.folder) if path.stem not in _NOT_INSTALLED]
        found = [path for path in found if path.is_dir()] or found
        own = [path for path in found if path.stem == package.name.replace("-", "_")]
        yield from own or (found if len(found) == 1 else ())


def _content(folder: Path) -> Iterator[Path]:
    """Yield the folders and modules in a folder, sorted."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        is_named = path.stem.isidentifier() and not path.stem.startswith("__")
        if is_named and path.suffix == (".py" if path.is_file() else ""):
            yield path


def _matches(path: Path, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path.name, pattern) for pattern in patterns)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _is_regular(path: Path) -> bool:
    """Return whether a path is a module, or the folder of a package, that only one distribution can have."""
    if path.suffix == ".py":
        return path.is_file()
    try:
        text = (path / "__init__.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "extend_path" not in text and "declare_namespace" not in text
