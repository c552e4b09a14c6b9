"""Reads setup.cfg and setup.py, as far as they can be read without running anything."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class SetupFiles:
    """What setup.cfg and setup.py say.

    file: the one that names the package. dependencies: None if they are known only after running setup.py.
    """

    file: Path
    name: str | None = None
    version: str | None = None
    requires_python: str = ""
    dependencies: Sequence[str] | None = ()
    extras: Mapping[str, Sequence[str]] = field(default_factory=dict)


def read_setup_files(folder: Path) -> SetupFiles | None:
    """Return what the files of a folder say; None if it has neither."""
    config, program = folder / "setup.cfg", folder / "setup.py"
    declared = _of_config(folder, config) if config.is_file() else {}
    called = _of_program(program) if program.is_file() else {}
    if not config.is_file() and not program.is_file():
        return None
    both = {**declared, **called}
    dependencies = both.get("install_requires", ())
    extras = both.get("extras_require", {})
    known = isinstance(extras, Mapping) and all(_is_lines(lines) for lines in extras.values())
    name, version, requires = both.get("name"), both.get("version"), both.get("python_requires")
    return SetupFiles(
        file=program if "name" in called or not config.is_file() else config,
        name=name if isinstance(name, str) else None,
        version=version if isinstance(version, str) else None,
        requires_python=requires if isinstance(requires, str) else "",
        dependencies=_lines(dependencies) if _is_lines(dependencies) and known else None,
        extras={name: _lines(lines) for name, lines in extras.items()} if known else {},
    )


def _is_lines(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value)
    )


def _lines(value: Any) -> tuple[str, ...]:
    lines = value.splitlines() if isinstance(value, str) else value
    return tuple(line.strip() for line in lines if line.strip() and not line.strip().startswith("#"))


def _of_config(folder: Path, path: Path) -> dict[str, Any]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (configparser.Error, OSError, UnicodeDecodeError):
        return {}  # The file may be for other tools only.
    found: dict[str, Any] = {}
    for section, key, name in (
        ("metadata", "name", "name"),
        ("metadata", "version", "version"),
        ("options", "install_requires", "install_requires"),
        ("options", "python_requires", "python_requires"),
    ):
        value = parser.get(section, key, fallback=None)
        if value is not None and not value.startswith("attr:"):
            found[name] = _with_files(folder, value)
    if parser.has_section("options.extras_require"):
        found["extras_require"] = {
            extra: _with_files(folder, lines) for extra, lines in parser.items("options.extras_require")
        }
    return found


def _with_files(folder: Path, value: str) -> Any:
    """Return setuptools' `file: a.txt, b.txt` read, or the value itself."""
    if not value.strip().startswith("file:"):
        return value
    names = value.strip().removeprefix("file:").split(",")
    try:
        return "\n".join((folder / name.strip()).read_text(encoding="utf-8") for name in names)
    except (OSError, UnicodeDecodeError):
        return None


def _of_program(path: Path) -> dict[str, Any]:
    """Return the arguments of `setup(…)` that are literals or names of literals; None for the others."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return {}
    constants: dict[str, Any] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            constants[statement.targets[0].id] = _value(statement.value, constants)
    for call in _calls(tree):
        return {keyword.arg: _value(keyword.value, constants) for keyword in call.keywords if keyword.arg}
    return {}


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "setup":
                yield node


def _value(node: ast.expr, constants: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _value(node.left, constants), _value(node.right, constants)
        return left + right if isinstance(left, list) and isinstance(right, list) else None
    if isinstance(node, ast.Dict):
        keys = [_value(key, constants) if key is not None else None for key in node.keys]
        return dict(zip(keys, (_value(each, constants) for each in node.values), strict=True))
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
