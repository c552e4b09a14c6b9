"""Repositories of Python packages for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from scoped_images.bases.derived_base import DerivedBase
from scoped_images.bases.graph import BaseGraph
from scoped_images.errors import ScopedImagesError

HASH = "sha256:" + "0" * 64


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


def sources(**paths: str) -> str:
    """The table in which uv finds packages by path."""
    return "[tool.uv.sources]\n" + "".join(
        f'{name} = {{ path = "{path}" }}\n' for name, path in paths.items()
    )


def derived(root: Path, **options: Any) -> dict[str, DerivedBase]:
    """The derived bases of a repository, by name."""
    declarations = BaseGraph.from_workspace(root, **options).declarations
    return {name: each.derived for name, each in declarations.items() if each.derived is not None}


def built_from(root: Path, **options: Any) -> dict[str, tuple[str, ...]]:
    """The bases that each derived base is built from."""
    return {name: base.needs for name, base in derived(root, **options).items()}


def refusal(root: Path, **options: Any) -> str:
    """Why no bases can be derived, with ROOT for the root."""
    with pytest.raises(ScopedImagesError) as refused:
        BaseGraph.from_workspace(root, **options)
    return str(refused.value).replace(str(root), "ROOT")


def pins(requirements: str) -> list[str]:
    """The pins in a requirements file, without their hashes."""
    return [line.partition(" \\")[0] for line in requirements.splitlines() if line[:1].isalnum()]


def in_folder(name: str, folder: str, *needs: str) -> dict[str, Any]:
    """The entry of a package of the repository in a uv.lock."""
    return {"name": name, "source": {"editable": folder}, "dependencies": [{"name": each} for each in needs]}


def in_index(name: str, version: str, *needs: str) -> dict[str, Any]:
    """The entry of a package of an index in a uv.lock."""
    source = {"source": {"registry": "https://index.example"}, "wheels": [{"hash": HASH}]}
    return {**in_folder(name, "", *needs), **source, "version": version}


def uv_lock(*entries: dict[str, Any], **more: Any) -> str:
    """A uv.lock."""
    return toml({"version": 1, **more, "package": list(entries)})


def toml(value: Any) -> str:
    """A TOML file of tables, each below the first level written inline."""
    return "".join(f"{json.dumps(key)} = {_inline(each)}\n" for key, each in value.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(key)} = {_inline(each)}' for key, each in value.items())}}}"
    return f"[{', '.join(map(_inline, value))}]" if isinstance(value, list) else json.dumps(value)
