"""Reads pdm.lock: https://pdm-project.org/latest/usage/lockfile/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scoped_images.workspace.lock import Edge, Entry, Lock


def read_pdm_lock(path: Path, tables: Mapping[str, Any]) -> Lock:
    """Return what a pdm.lock says."""
    entries: list[Entry] = []
    for table in tables.get("package", ()):
        if not table.get("extras"):
            extras: dict[str, tuple[Edge, ...]] = {
                extra: tuple(_edges(other.get("dependencies", ()), without=table["name"]))
                for other in tables["package"]
                if (other["name"], other.get("version")) == (table["name"], table.get("version"))
                for extra in map(canonicalize_name, other.get("extras", ()))
            }
            entries.append(_entry(path.parent, table, extras))
    targets = tables.get("metadata", {}).get("targets", ())
    return Lock(
        path=path,
        # Without this option it leaves out optional groups.
        update="pdm lock --group :all",
        entries=tuple(entries),
        requires_python=targets[0].get("requires_python", "") if len(targets) == 1 else "",
    )


def _entry(root: Path, table: Mapping[str, Any], extras: Mapping[str, tuple[Edge, ...]]) -> Entry:
    local, elsewhere = table.get("path"), next((kind for kind in ("git", "url", "hg") if kind in table), "")
    is_folder = isinstance(local, str) and not local.endswith((".whl", ".tar.gz", ".zip"))
    return Entry(
        name=canonicalize_name(table["name"]),
        version=table.get("version", ""),
        folder=(root / local).resolve() if isinstance(local, str) and is_folder else None,
        elsewhere=elsewhere or (str(local) if local and not is_folder else ""),
        hashes=tuple(sorted({file["hash"] for file in table.get("files", ()) if "hash" in file})),
        edges=tuple(_edges(table.get("dependencies", ()))),
        extras=extras,
        marker=table.get("marker", ""),
    )


def _edges(lines: Iterable[str], *, without: str = "") -> Iterable[Edge]:
    for line in lines:
        # PDM writes an editable folder as `-e file:///${PROJECT_ROOT}/lib#egg=lib`.
        requirement = Requirement(line.partition("#egg=")[2] if line.startswith("-e ") else line)
        # An entry with extras repeats the package without them.
        if canonicalize_name(requirement.name) != canonicalize_name(without or "-"):
            yield Edge(
                name=canonicalize_name(requirement.name),
                marker=str(requirement.marker or ""),
                extras=tuple(sorted(requirement.extras)),
                specifier=str(requirement.specifier),
            )
