"""Reads uv.lock: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.lock import Edge, Entry, Lock

_FOLDERS = ("editable", "virtual", "directory")


def read_uv_lock(path: Path, tables: Mapping[str, Any]) -> Lock:
    """Return what a uv.lock says."""
    if tables.get("version") != 1:
        raise ScopedImagesError(
            f"{path}: the format version must be 1, got {tables.get('version')!r}; lock it with another uv, or put a "
            "requirements.lock beside the pyproject.toml: uv export --no-emit-workspace --package NAME"
        )
    conflicts, manifest = tables.get("conflicts", ()), tables.get("manifest", {})
    return Lock(
        path=path,
        update="uv lock",
        entries=tuple(_entry(path.parent, entry) for entry in tables.get("package", ())),
        requires_python=tables.get("requires-python", ""),
        has_roots=True,
        members=frozenset(map(canonicalize_name, manifest.get("members", ()))),
        conflicts=tuple(
            frozenset((canonicalize_name(each["package"]), each["extra"]) for each in some if "extra" in each)
            for some in conflicts
        ),
        build_constraints=tuple(
            f"{each['name']}{each.get('specifier', '')}" for each in manifest.get("build-constraints", ())
        ),
    )


def _entry(root: Path, table: Mapping[str, Any]) -> Entry:
    source = table.get("source", {})
    files = [*table.get("wheels", ()), *([table["sdist"]] if "sdist" in table else [])]
    folder = next((root / source[kind] for kind in _FOLDERS if kind in source), None)
    optional = table.get("optional-dependencies", {})
    elsewhere = "" if folder or "registry" in source else ", ".join(map(str, source)) or "nowhere"
    return Entry(
        name=table["name"],
        version=table["version"] if not folder else table.get("version", ""),
        folder=folder.resolve() if folder else None,
        elsewhere=elsewhere,
        hashes=tuple(sorted({file["hash"] for file in files if "hash" in file})),
        edges=tuple(_edges(table.get("dependencies", ()))),
        extras={canonicalize_name(extra): tuple(_edges(edges)) for extra, edges in optional.items()},
        declared=frozenset(
            canonicalize_name(each["name"]) for each in table.get("metadata", {}).get("requires-dist", ())
        ),
        source=source,
    )


def _edges(tables: Any) -> Iterator[Edge]:
    for table in tables:
        yield Edge(
            name=canonicalize_name(table["name"]),
            marker=table.get("marker", ""),
            extras=tuple(table.get("extra", ())),
            version=table.get("version", ""),
            source=table.get("source"),
        )
