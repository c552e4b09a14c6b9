"""Repositories of Python packages for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write files by path, and return the root."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def project(
    name: str,
    dependencies: Sequence[str] = (),
    extras: Mapping[str, Sequence[str]] | None = None,
    more: str = "",
) -> str:
    """A pyproject.toml with a PEP 621 table; `more` goes below."""
    optional = "".join(f"{extra} = {list(each)!r}\n" for extra, each in (extras or {}).items())
    return (
        f'[project]\nname = "{name}"\nversion = "0.1.0"\ndependencies = {list(dependencies)!r}\n'
        f"[project.optional-dependencies]\n{optional}{more}"
    )


def packages(root: Path, needs: Mapping[str, Sequence[str]]) -> Path:
    """Write packages in src layout that depend on each other by name; `a[x]` has every extra that is asked for."""
    extras: dict[str, set[str]] = {}
    for dependencies in needs.values():
        for dependency in dependencies:
            name, _, extra = dependency.rstrip("]").partition("[")
            extras.setdefault(name, set()).update(filter(None, extra.split(",")))
    for name, dependencies in needs.items():
        optional = {extra: [f"third-{extra}"] for extra in sorted(extras.get(name, ()))}
        write(
            root / "packages" / name,
            {
                "pyproject.toml": project(name, dependencies, optional),
                f"src/{name.replace('-', '_')}/__init__.py": "",
            },
        )
    return root


def toml(value: Any) -> str:
    """A TOML file of tables, each below the first level written inline."""
    return "".join(f"{json.dumps(key)} = {_inline(each)}\n" for key, each in value.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(key)} = {_inline(each)}' for key, each in value.items())}}}"
    return f"[{', '.join(map(_inline, value))}]" if isinstance(value, list) else json.dumps(value)
