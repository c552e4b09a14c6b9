"""Reads Pipenv's files: https://pipenv.pypa.io/en/latest/pipfile.html."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from scoped_images.workspace.lock import Entry, Lock, by_name
from scoped_images.workspace.package import Dependency
from scoped_images.workspace.poetry import read_dependencies
from scoped_images.workspace.tables import read_toml

PIPFILE = "Pipfile"


def read_pipfile(file: Path) -> tuple[Dependency, ...]:
    """Return the dependencies of a Pipfile, without those for developing. Poetry's tables have the same form."""
    dependencies, _ = read_dependencies(file, {"dependencies": read_toml(file).get("packages", {})})
    return dependencies


def read_pipfile_lock(path: Path, content: Mapping[str, Any]) -> Lock:
    """Return what a Pipfile.lock says. Everything in its default category is needed where its marker holds."""
    python = content["_meta"].get("requires", {}).get("python_version")
    return Lock(
        path=path,
        update="pipenv lock",
        entries=by_name(_entry(path.parent, name, each) for name, each in content["default"].items()),
        requires_python=f"=={python}.*" if python else "",
        has_edges=False,
    )


def _entry(root: Path, name: str, locked: Mapping[str, Any]) -> Entry:
    return Entry(
        name=canonicalize_name(name),
        version=locked.get("version", "").removeprefix("=="),
        folder=(root / locked["path"]).resolve() if "path" in locked else None,
        elsewhere=next((kind for kind in ("git", "file") if kind in locked), ""),
        hashes=tuple(sorted(locked.get("hashes", ()))),
        marker=locked.get("markers", ""),
    )
