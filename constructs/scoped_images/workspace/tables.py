"""Reads TOML files and checks the types of a pyproject.toml's tables."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scoped_images.errors import ScopedImagesError

_POETRY = "tool.poetry.dependencies.*"
# What each key must be. `*` is any key of a table, `[]` any entry of a list.
Types = Mapping[tuple[type, ...], Iterable[str]]
_TYPES: Types = {
    (dict,): (
        *("build-system", "project", "project.optional-dependencies", "tool", "tool.uv", "tool.uv.sources"),
        *("tool.uv.sources.*.[]", "tool.uv.workspace", "tool.poetry", "tool.poetry.dependencies"),
        *("tool.poetry.extras", "tool.poetry.packages.[]"),
    ),
    (list,): (
        *("build-system.requires", "project.dependencies", "project.optional-dependencies.*"),
        *("project.dynamic", "tool.uv.workspace.members", "tool.uv.workspace.exclude"),
        *(f"{_POETRY}.extras", f"{_POETRY}.[].extras"),
        *("tool.poetry.extras.*", "tool.poetry.packages", "tool.hatch.build.targets.wheel.packages"),
    ),
    (str,): (
        *("project.name", "project.dynamic.[]", "tool.uv.sources.*.path", "tool.uv.sources.*.[].path"),
        *("tool.uv.workspace.members.[]", "tool.uv.workspace.exclude.[]", "tool.poetry.name"),
        *("tool.poetry.extras.*.[]", "tool.poetry.packages.[].from", "tool.poetry.packages.[].include"),
        "tool.hatch.build.targets.wheel.packages.[]",
        *(
            f"{_POETRY}{constraint}.{key}"
            for constraint in ("", ".[]")
            for key in ("version", "path", "python", "platform", "markers", "extras.[]")
        ),
    ),
    (dict, list): ("tool.uv.sources.*",),
    (str, dict, list): (_POETRY,),
    (str, dict): (f"{_POETRY}.[]",),
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
    """Return the tables of a folder's pyproject.toml, whose types are right where they are used."""
    path = folder / "pyproject.toml"
    return expect_types(path, read_toml(path), _TYPES)


def expect_types(path: Path, tables: dict[str, Any], types: Types) -> dict[str, Any]:
    """Return the tables of a file. Raises ScopedImagesError if a value has another type."""
    patterns = ((pattern, allowed) for allowed, patterns in types.items() for pattern in patterns)
    # Check a table before its content.
    for pattern, allowed in sorted(patterns, key=lambda each: each[0].count(".")):
        for key, value in _values(tables, pattern.split(".")):
            if not isinstance(value, allowed):
                takes = " or a ".join(_NAMES[each] for each in allowed)
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
