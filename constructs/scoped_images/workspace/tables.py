"""Reads TOML files and checks the types of a pyproject.toml's tables."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scoped_images.errors import ScopedImagesError

_Types = tuple[type, ...]
_POETRY = "tool.poetry.dependencies.*"
# `*` is any key of a table, `[]` any entry of a list.
_TYPES: dict[str, _Types] = {
    "build-system": (dict,),
    "build-system.requires": (list,),
    "project": (dict,),
    "project.name": (str,),
    "project.dependencies": (list,),
    "project.optional-dependencies": (dict,),
    "project.optional-dependencies.*": (list,),
    "project.dynamic": (list,),
    "project.dynamic.[]": (str,),
    "tool": (dict,),
    "tool.uv": (dict,),
    "tool.uv.sources": (dict,),
    "tool.uv.sources.*": (dict, list),
    "tool.uv.sources.*.[]": (dict,),
    "tool.uv.sources.*.path": (str,),
    "tool.uv.sources.*.[].path": (str,),
    "tool.uv.workspace": (dict,),
    "tool.uv.workspace.members": (list,),
    "tool.uv.workspace.members.[]": (str,),
    "tool.uv.workspace.exclude": (list,),
    "tool.uv.workspace.exclude.[]": (str,),
    "tool.poetry": (dict,),
    "tool.poetry.name": (str,),
    "tool.poetry.dependencies": (dict,),
    _POETRY: (str, dict, list),
    f"{_POETRY}.[]": (str, dict),
    **{
        f"{_POETRY}{constraint}.{key}": (str,)
        for constraint in ("", ".[]")
        for key in ("version", "path", "python", "platform", "markers", "extras.[]")
    },
    f"{_POETRY}.extras": (list,),
    f"{_POETRY}.[].extras": (list,),
    "tool.poetry.extras": (dict,),
    "tool.poetry.extras.*": (list,),
    "tool.poetry.extras.*.[]": (str,),
    "tool.poetry.packages": (list,),
    "tool.poetry.packages.[]": (dict,),
    "tool.poetry.packages.[].from": (str,),
    "tool.poetry.packages.[].include": (str,),
    "tool.hatch.build.targets.wheel.packages": (list,),
    "tool.hatch.build.targets.wheel.packages.[]": (str,),
}
_NAMES: dict[type, str] = {dict: "table", list: "list", str: "text"}


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's tables."""
    try:
        return _parsed(path.read_bytes())
    except OSError as error:
        raise ScopedImagesError(f"workspace: cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScopedImagesError(f"workspace: {path} is not valid TOML: {error}") from None


@functools.lru_cache(maxsize=8)
def _parsed(content: bytes) -> dict[str, Any]:
    # A large uv.lock takes a second to parse, and every base of the workspace reads it.
    return tomllib.loads(content.decode())


def read_pyproject(folder: Path) -> dict[str, Any]:
    """Return the tables of a folder's pyproject.toml.

    Raises ScopedImagesError if a table that is used has the wrong type.
    """
    path = folder / "pyproject.toml"
    tables = read_toml(path)
    # Check a table before its content.
    for pattern, types in sorted(_TYPES.items(), key=lambda item: item[0].count(".")):
        for key, value in _values(tables, pattern.split(".")):
            if not isinstance(value, types):
                takes = " or a ".join(_NAMES[each] for each in types)
                raise ScopedImagesError(f"workspace: {path}: {key}: must be a {takes}, got {value!r}")
    return tables


def setting(tables: Any, key: str) -> Any:
    """Return the value of a dotted key below [tool], or None."""
    value = tables.get("tool")
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _values(value: Any, pattern: list[str], key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value that a pattern matches, with its key."""
    if not pattern:
        yield key, value
        return
    first, *rest = pattern
    if first == "[]":
        for index, each in enumerate(value if isinstance(value, list) else ()):
            yield from _values(each, rest, f"{key}[{index}]")
    elif isinstance(value, dict):
        for name in value if first == "*" else {first} & set(value):
            yield from _values(value[name], rest, f"{key}.{name}".lstrip("."))
