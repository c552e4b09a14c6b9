"""Reads Pipenv's files: https://pipenv.pypa.io/en/latest/pipfile.html."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.lock import Entry, Lock
from scoped_images.workspace.package import Dependency
from scoped_images.workspace.poetry import read_dependencies
from scoped_images.workspace.tables import Types, expect_types, read_toml

PIPFILE = "Pipfile"
# Each is a condition on the marker variable of its name: `sys_platform = "== 'win32'"`.
_CONDITIONS = frozenset(default_environment())
_TYPES: Types = {
    (dict,): ("packages",),
    (str, dict): ("packages.*",),
    (str,): [f"packages.*.{key}" for key in ("version", "path", "file", "git", "markers", *_CONDITIONS)],
}


def read_pipfile(file: Path) -> tuple[Dependency, ...]:
    """Return the dependencies of a Pipfile, without those for developing. Poetry's tables have the same form."""
    packages = expect_types(file, read_toml(file), _TYPES).get("packages", {})
    given = {name: _in_poetrys_form(value) for name, value in packages.items()}
    dependencies, _ = read_dependencies(file, {"dependencies": given})
    return dependencies


def _in_poetrys_form(value: str | dict[str, Any]) -> str | dict[str, Any]:
    """Return an entry with one key `markers` for all its conditions."""
    if isinstance(value, str):
        return value
    conditions = [value["markers"]] if value.get("markers") else []
    conditions += [f"{key} {value[key]}" for key in sorted(_CONDITIONS & value.keys())]
    rest = {key: each for key, each in value.items() if key not in ("markers", *_CONDITIONS)}
    return {**rest, "markers": " and ".join(f"({each})" for each in conditions)} if conditions else rest


def read_pipfile_lock(path: Path, content: Mapping[str, Any]) -> Lock:
    """Return what a Pipfile.lock says. Everything in its default category is needed where its marker holds."""
    python = str(content["_meta"].get("requires", {}).get("python_version") or "*")
    return Lock(
        path=path,
        update="pipenv lock",
        entries=tuple(_entry(path, name, each) for name, each in content["default"].items()),
        requires_python=_requires_python(python),
        has_edges=False,
    )


def _requires_python(python: str) -> str:
    if python == "*":
        return ""
    return f"=={python}.*" if re.fullmatch(r"\d+(\.\d+)*", python) else str(SpecifierSet(python))


def _entry(path: Path, name: str, locked: Mapping[str, Any]) -> Entry:
    elsewhere = next((kind for kind in ("git", "file") if kind in locked), "")
    return Entry(
        name=canonicalize_name(name),
        version="" if elsewhere or "path" in locked else _version(path, name, locked.get("version")),
        folder=(path.parent / locked["path"]).resolve() if "path" in locked else None,
        elsewhere=elsewhere,
        hashes=tuple(sorted(locked.get("hashes", ()))),
        marker=locked.get("markers", ""),
    )


def _version(path: Path, name: str, locked: object) -> str:
    try:
        return str(Version(str(locked).lstrip("=")))
    except InvalidVersion:
        raise ScopedImagesError(
            f"{path}: {name!r} must have one version such as '==1.0', got {locked!r}; run `pipenv lock`"
        ) from None
