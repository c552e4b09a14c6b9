"""Finds the top-level modules that setuptools installs: those that its settings name, else by its automatic discovery."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from scoped_images.workspace.package import Package
from scoped_images.workspace.tables import setting

# Without settings, setuptools installs none of these from a folder without src: setuptools/discovery.py.
RESERVED_PACKAGES = (
    *(
        "ci",
        "bin",
        "debian",
        "doc",
        "docs",
        "documentation",
        "manpages",
        "news",
        "newsfragments",
        "changelog",
    ),
    *("test", "tests", "unit_test", "unit_tests", "example", "examples", "scripts", "tools", "util", "utils"),
    *(
        "python",
        "build",
        "dist",
        "venv",
        "env",
        "requirements",
        "tasks",
        "fabfile",
        "site_scons",
        "benchmark",
    ),
    *("benchmarks", "exercise", "exercises", "htmlcov", "[._]*"),
)
RESERVED_MODULES = (
    *("setup", "conftest", "test", "tests", "example", "examples", "build", "toxfile", "noxfile", "pavement"),
    *("dodo", "tasks", "fabfile", "[Ss][Cc]onstruct", "conanfile", "manage", "benchmark", "benchmarks"),
    *("exercise", "exercises", "[._]*"),
)
_ELSEWHERE = re.compile(r"\b(packages|py_modules|package_dir|ext_modules)\b")
_FINDS_ALL = re.compile(r"\b(find_packages|find_namespace_packages)\b|\bfind(_namespace)?:")


def setuptools_modules(package: Package) -> Iterator[tuple[str, Path]]:
    """Yield the names of modules, each with its folder or file, which may not exist.

    Yields none of a package whose settings leave it unclear.
    """
    folder, packages = package.folder, setting(package.tables, "setuptools.packages")
    modules = _texts(setting(package.tables, "setuptools.py-modules"))
    roots = setting(package.tables, "setuptools.package-dir")
    roots = (
        {key: each for key, each in roots.items() if isinstance(each, str)} if isinstance(roots, dict) else {}
    )
    root = folder / roots.get("", "")
    if packages is None and not modules:
        yield from _discovered(folder, roots) if not _set_elsewhere(folder) else _found_in_src(folder)
        return
    for name in modules:
        if "." not in name:
            yield name, root / f"{name}.py"
    if isinstance(packages, dict):
        yield from _found(folder, packages.get("find"))
        return
    for name in _texts(packages):
        if "." not in name:
            yield name, folder / roots[name] if name in roots else root / name


def _discovered(folder: Path, roots: dict[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield what setuptools finds without settings for it."""
    named = {name: path for name, path in roots.items() if name}
    if named:
        yield from ((name, folder / path) for name, path in named.items() if "." not in name)
        return
    src = folder / roots.get("", "src")
    if src.is_dir():
        yield from _packages(src)
        yield from _modules(src)
        return
    packages = [each for each in _packages(folder) if not _matches(each[0], RESERVED_PACKAGES)]
    yield from packages
    if not packages:
        yield from (each for each in _modules(folder) if not _matches(each[0], RESERVED_MODULES))


def _found(folder: Path, find: Any) -> Iterator[tuple[str, Path]]:
    """Yield what `packages.find` selects."""
    find = find if isinstance(find, dict) else {}
    include, exclude = _texts(find.get("include")) or ("*",), _texts(find.get("exclude"))
    for where in _texts(find.get("where")) or (".",):
        for name, path in _packages(folder / where):
            if _matches(name, include) and not _matches(name, exclude):
                yield name, path


def _set_elsewhere(folder: Path) -> bool:
    """Return whether setup.py or setup.cfg says what to install."""
    return bool(_ELSEWHERE.search(_setup_text(folder)))


def _found_in_src(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the packages in src, if setup.py or setup.cfg takes all of them."""
    text = _setup_text(folder)
    if (
        _FINDS_ALL.search(text)
        and not re.search(r"\b(include|exclude)\b", text)
        and (folder / "src").is_dir()
    ):
        yield from _packages(folder / "src")


def _setup_text(folder: Path) -> str:
    files = (folder / name for name in ("setup.py", "setup.cfg"))
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file())


def _packages(folder: Path) -> Iterator[tuple[str, Path]]:
    if folder.is_dir():
        yield from ((each.name, each) for each in sorted(folder.iterdir()) if each.name.isidentifier())


def _modules(folder: Path) -> Iterator[tuple[str, Path]]:
    for each in sorted(folder.glob("*.py")):
        if each.stem.isidentifier() and not each.stem.startswith("__"):
            yield each.stem, each


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
