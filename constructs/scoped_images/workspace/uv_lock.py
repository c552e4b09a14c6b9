"""Reads the packages that a workspace member needs from uv.lock, with versions, markers and hashes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.condition import Condition

_Key = tuple[str, str, str]  # name, version, extra


@dataclass(frozen=True, kw_only=True)
class UvLock:
    """A uv.lock file: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile.

    packages: the entries by package name; a name has several if its version depends on the platform.
    """

    path: Path
    packages: Mapping[str, tuple[Mapping[str, Any], ...]] = field(repr=False)

    @classmethod
    def of(cls, path: Path, tables: Mapping[str, Any]) -> UvLock:
        """Read the tables of a lock file."""
        if tables.get("version") != 1:
            raise ScopedImagesError(
                f"{path} has the format version {tables.get('version')!r}, but only 1 is supported; lock it with another "
                "uv, or put a requirements.lock beside the pyproject.toml: uv export --no-emit-workspace --package NAME"
            )
        packages: dict[str, tuple[Mapping[str, Any], ...]] = {}
        for entry in tables.get("package", ()):
            packages[entry["name"]] = (*packages.get(entry["name"], ()), entry)
        return cls(path=path, packages=packages)

    def build_constraints(self, backends: Iterable[Requirement]) -> tuple[str, ...]:
        """Return the locked versions that these requirements of a build allow, sorted, as constraints for pip."""
        found = {
            f"{entry['name']}=={entry['version']}"
            for backend in backends
            for entry in self.packages.get(canonicalize_name(backend.name), ())
            if "registry" in entry.get("source", {})
            and backend.specifier.contains(entry["version"], prereleases=True)
        }
        return tuple(sorted(found))

    def requirements(
        self, name: str, extras: Iterable[str], *, direct: Collection[str], local: Collection[str]
    ) -> tuple[str, ...]:
        """Return the sorted lines of a requirements file for a package with these extras.

        direct: the names that its pyproject.toml requires; a missing one means that the lock file is outdated.
        local: the names of the workspace's packages. They are skipped, because bases of their own install them.
        """
        (root, *others) = self.packages.get(name, ()) or (None,)
        if root is None or others:
            raise ScopedImagesError(
                f"{self.path} does not contain the workspace package {name!r}; run `uv lock`"
            )
        edges = list(self._edges(root, ("", *extras)))
        # uv drops an edge that no Python version of the workspace needs, but keeps it in requires-dist.
        declared = root.get("metadata", {}).get("requires-dist", ())
        missing = sorted(set(direct) - {canonicalize_name(each["name"]) for each in (*edges, *declared)})
        if missing:
            raise ScopedImagesError(
                f"{self.path} does not contain {', '.join(missing)}, which {name!r} requires; run `uv lock`"
            )
        conditions = self._walk(edges, local)
        return tuple(
            self._line(entry, condition)
            for entry, condition in sorted(
                conditions, key=lambda found: (found[0]["name"], found[0].get("version", ""))
            )
        )

    def _walk(
        self, edges: list[Mapping[str, Any]], local: Collection[str]
    ) -> list[tuple[Mapping[str, Any], Condition]]:
        """Return each package with the condition under which it is needed: any path, and all markers on that path."""
        found: dict[_Key, Condition] = {}
        waiting: dict[_Key, Iterable[Mapping[str, Any]]] = {("", "", ""): edges}
        while waiting:
            # Oldest first: a package that is always needed is found early and visited once.
            key = next(iter(waiting))
            above = found.get(key, Condition.when())
            for edge in waiting.pop(key):
                if edge["name"] in local:
                    continue
                entry, condition = self._entry(edge), above & self._marker(edge)
                for extra in ("", *edge.get("extra", ())):
                    reached = (entry["name"], entry.get("version", ""), extra)
                    known = found.get(reached, Condition())
                    found[reached] = known | condition
                    # Visit a package again if it turns out to be needed under more conditions.
                    if found[reached] != known:
                        waiting[reached] = list(self._edges(entry, (extra,)))
        return [
            (self._entry({"name": name, "version": version}), condition)
            for (name, version, extra), condition in found.items()
            if not extra
        ]

    def _edges(self, entry: Mapping[str, Any], extras: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        """Yield the dependencies of an entry with extras; `""` stands for those without an extra."""
        optional = {
            canonicalize_name(extra): edges for extra, edges in entry.get("optional-dependencies", {}).items()
        }
        for extra in extras:
            yield from optional.get(canonicalize_name(extra), ()) if extra else entry.get("dependencies", ())

    def _entry(self, edge: Mapping[str, Any]) -> Mapping[str, Any]:
        entries = [
            entry
            for entry in self.packages.get(edge["name"], ())
            if edge.get("version") in (None, "", entry.get("version"))
            and edge.get("source", entry.get("source")) == entry.get("source")
        ]
        if len(entries) != 1:
            raise ScopedImagesError(
                f"{self.path} has {len(entries)} entries for {edge['name']!r}, expected one; run `uv lock`"
            )
        return entries[0]

    def _marker(self, edge: Mapping[str, Any]) -> str:
        marker = str(edge.get("marker", ""))
        if "extra ==" in marker or "extra !=" in marker:
            raise ScopedImagesError(
                f"{self.path}: {edge['name']!r} has the marker {marker}, from [tool.uv] conflicts, which pip "
                "cannot evaluate; put a requirements.lock beside the pyproject.toml: uv export --no-emit-workspace"
            )
        return marker

    def _line(self, entry: Mapping[str, Any], condition: Condition) -> str:
        name, source = entry["name"], entry.get("source", {})
        if "registry" not in source:
            raise ScopedImagesError(
                f"{self.path}: {name!r} comes from {', '.join(map(str, source)) or 'nowhere'}, but a base installs "
                "from package indexes only; publish it there, or declare the base by hand"
            )
        files = [*entry.get("wheels", ()), *([entry["sdist"]] if "sdist" in entry else [])]
        hashes = sorted({file["hash"] for file in files if "hash" in file})
        if not hashes:
            raise ScopedImagesError(
                f"{self.path}: {name!r} has no hash, because its index gives none; lock it from another index"
            )
        marker = f" ; {condition}" if str(condition) else ""
        return " \\\n".join(
            (f"{name}=={entry['version']}{marker}", *(f"    --hash={each}" for each in hashes))
        )
