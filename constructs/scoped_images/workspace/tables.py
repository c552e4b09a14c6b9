"""Reads TOML files, and refuses a pyproject.toml whose tables are of another type than the rest expects."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Any

from scoped_images.errors import ScopedImagesError

_TYPES: dict[str, type] = {
    "project": dict,
    "project.name": str,
    "project.dependencies": list,
    "project.optional-dependencies": dict,
    "project.dynamic": list,
    "tool": dict,
    "tool.uv": dict,
    "tool.uv.sources": dict,
    "tool.uv.workspace": dict,
    "tool.uv.workspace.members": list,
    "tool.uv.workspace.exclude": list,
    "tool.poetry": dict,
    "tool.poetry.name": str,
    "tool.poetry.dependencies": dict,
    "tool.poetry.extras": dict,
    "tool.poetry.packages": list,
    "tool.setuptools": dict,
    "tool.setuptools.package-dir": dict,
}
_NAMES: dict[type, str] = {dict: "table", list: "list", str: "text"}


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's tables."""
    try:
        return _parsed(path.read_bytes())
    except OSError as error:
        raise ScopedImagesError(f"workspace: cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScopedImagesError(f"workspace: {path} is no TOML: {error}") from None


@functools.lru_cache(maxsize=8)
def _parsed(content: bytes) -> dict[str, Any]:
    # A large uv.lock takes a second to parse, and each base of the workspace asks for the same one.
    return tomllib.loads(content.decode())


def read_pyproject(folder: Path) -> dict[str, Any]:
    """Return the tables of a folder's pyproject.toml; of those that are used, each has its type."""
    path = folder / "pyproject.toml"
    tables = read_toml(path)
    # A table comes before what is in it.
    for key, wanted in _TYPES.items():
        value: Any = tables
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None and not isinstance(value, wanted):
            raise ScopedImagesError(f"workspace: {path}: {key} is {value!r}, and takes a {_NAMES[wanted]}")
    return tables
