"""Finds the paths that the settings of a package's build backend name."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scoped_images.workspace.package import Package
from scoped_images.workspace.tables import setting

# The tables that build backends read, and keys in them that name nothing to build from.
_BACKENDS = (
    *("setuptools", "hatch", "poetry", "pdm", "flit", "uv", "maturin", "scikit-build", "meson-python"),
)
_OTHER_KEYS = frozenset(
    {
        *("exclude", "sdist", "envs", "dependencies", "optional-dependencies", "dev-dependencies", "group"),
        *("scripts", "extras", "sources", "source", "workspace", "urls", "keywords", "classifiers"),
    }
)
# The settings that name data files, besides setuptools' by package, and those that name programs of a build.
_DATA = (
    *("hatch.build.artifacts", "hatch.build.targets.wheel.artifacts"),
    *("hatch.build.targets.wheel.force-include", "poetry.include", "pdm.build.includes"),
)
_PROGRAMS = ("hatch.build.hooks", "hatch.build.targets.wheel.hooks", "poetry.build", "setuptools.ext-modules")


def data_patterns(package: Package) -> list[str]:
    """Return the patterns of data files. The end of a path matches them.

    Returns none if a program of the build may make files.
    """
    tables, folder = package.tables, package.folder
    programs = (setting(tables, key) for key in _PROGRAMS)
    if any(programs) or any((folder / name).is_file() for name in ("setup.py", "pdm_build.py")):
        return []
    by_package = setting(tables, "setuptools.package-data")
    data = [setting(tables, key) for key in _DATA]
    data += by_package.values() if isinstance(by_package, dict) else ()
    return list(filter(None, (text.lstrip("/") for text in _texts(data))))


def named_parts(package: Package) -> Iterator[str]:
    """Yield the first folder or file of each path that the settings name."""
    for text in _settings(package.tables):
        yield text.removeprefix("./").partition("/")[0]


def named_elsewhere(package: Package) -> Iterator[Path]:
    """Yield the existing paths outside of the package's folder that the settings name."""
    for text in _settings(package.tables):
        if text.startswith("../"):
            path = Path(os.path.normpath(package.folder / _without_wildcard(text)))
            if path.exists() and not package.folder.is_relative_to(path):
                yield path


def _without_wildcard(path: str) -> str:
    """Return the folder that holds everything a pattern matches, or the path itself."""
    before, wildcard, _ = path.partition("*")
    return posixpath.dirname(before) if wildcard else before


def _settings(tables: Any) -> Iterator[str]:
    """Yield every text in the tables that build backends read, keys included."""
    tool = tables.get("tool", {})
    yield from _texts(tables.get("project", {}))
    yield from _texts(tables.get("build-system", {}))
    for backend in _BACKENDS:
        yield from _texts(tool.get(backend, {}))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict) and value.get("format") != "sdist":
        together = _from_and_include(value)
        if together:
            yield "/".join(together)
        for key, each in value.items():
            if key not in _OTHER_KEYS and not (together and key in ("from", "include")):
                yield key
                yield from _texts(each)


def _from_and_include(value: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return both parts of an entry of Poetry's `packages`: what to include, and the folder that has it."""
    folder, include = value.get("from"), value.get("include")
    return (folder, include) if isinstance(folder, str) and isinstance(include, str) else None


def folders_outside(package: Package) -> dict[str, tuple[str, ...]]:
    """Return what Poetry's `packages` includes from folders outside of the package's, by folder.

    poetry-core builds no wheel of `from = "../…"`.
    """
    entries = setting(package.tables, "poetry.packages") or ()
    found: dict[str, tuple[str, ...]] = {}
    for folder, include in filter(None, map(_from_and_include, entries)):
        if folder == ".." or folder.startswith("../"):
            found[folder] = (*found.get(folder, ()), _without_wildcard(include))
    return found
