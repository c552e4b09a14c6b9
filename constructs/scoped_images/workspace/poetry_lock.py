"""Reads poetry.lock: https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scoped_images.workspace.lock import Edge, Entry, Lock


def read_poetry_lock(path: Path, tables: Mapping[str, Any]) -> Lock:
    """Return what a poetry.lock says."""
    # Before version 2 of the format, the hashes of all packages were in one table.
    metadata = tables.get("metadata", {})
    files = metadata.get("files", {})
    return Lock(
        path=path,
        update="poetry lock",
        entries=tuple(_entry(path.parent, table, files) for table in tables.get("package", ())),
        requires_python=metadata.get("python-versions", ""),
    )


def _entry(root: Path, table: Mapping[str, Any], files: Mapping[str, Any]) -> Entry:
    source = table.get("source", {})
    kind = source.get("type", "")
    folder = (root / source["url"]).resolve() if kind == "directory" else None
    optional, always = _split(table.get("dependencies", {}))
    extras: dict[str, tuple[Edge, ...]] = {}
    for extra, lines in table.get("extras", {}).items():
        names = {canonicalize_name(Requirement(line.partition(" ")[0]).name) for line in lines}
        extras[canonicalize_name(extra)] = tuple(
            edge for edge in optional if edge.name in names and _is_of(edge, extra)
        )
    hashes = table.get("files", files.get(table["name"], ()))
    return Entry(
        name=canonicalize_name(table["name"]),
        version=table["version"],
        folder=folder,
        elsewhere="" if kind in ("", "legacy", "directory") else kind,
        hashes=tuple(sorted({file["hash"] for file in hashes if "hash" in file})),
        edges=tuple(always),
        extras=extras,
        marker=_marker(table.get("markers", "")),
    )


def _marker(markers: Any) -> str:
    # By group if they differ; images need the group of the project's own dependencies.
    return str(markers.get("main", "")) if isinstance(markers, dict) else str(markers)


def _is_of(edge: Edge, extra: str) -> bool:
    return "extra ==" not in edge.marker or f'"{extra}"' in edge.marker


def _split(table: Mapping[str, Any]) -> tuple[list[Edge], list[Edge]]:
    """Return the dependencies that only extras need, and the others."""
    optional: list[Edge] = []
    always: list[Edge] = []
    for name, value in table.items():
        for one in value if isinstance(value, list) else [value]:
            given = {"version": one} if isinstance(one, str) else one
            edge = Edge(
                name=canonicalize_name(name),
                marker=given.get("markers", ""),
                extras=tuple(given.get("extras", ())),
                specifier=_specifier(given.get("version", "*")),
            )
            (optional if given.get("optional") else always).append(edge)
    return optional, always


def _specifier(constraint: str) -> str:
    """Return the constraint for PEP 440; an empty string for one with an "or", which allows every locked version."""
    parts = [part.strip() for part in constraint.split(",") if part.strip() not in ("", "*")]
    text = ",".join(part if part[0] in "<>=!~" else f"=={part}" for part in parts)
    try:
        Requirement(f"x{text}")
    except InvalidRequirement:
        return ""
    return text
