"""What a lock file says, whichever tool wrote it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scoped_images.workspace.package import Package

INDEX = "index"


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A dependency of a locked package.

    specifier: the versions that it allows, in PEP 440's words. version: the only version, if the lock names it.
    source: selects one of several entries with the same version; copied from the lock.
    """

    name: str
    marker: str = ""
    extras: tuple[str, ...] = ()
    specifier: str = ""
    version: str = ""
    source: object = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A locked package.

    folder: of a package in the repository. elsewhere: `git`, `url` or the like, if it is in no index either.
    edges: its dependencies, and by extra. marker: when it is needed at all; empty if the lock does not say.
    declared: names that it declares and that may be missing from its edges.
    """

    name: str
    version: str = ""
    folder: Path | None = None
    elsewhere: str = ""
    hashes: tuple[str, ...] = ()
    edges: tuple[Edge, ...] = ()
    extras: Mapping[str, tuple[Edge, ...]] = field(default_factory=dict)
    marker: str = ""
    declared: frozenset[str] = frozenset()
    source: object = None

    def requires(self, extras: Iterable[str]) -> Iterator[Edge]:
        """Yield its dependencies with extras; the extra `""` means those that it always needs."""
        for extra in extras:
            yield from self.extras.get(canonicalize_name(extra), ()) if extra else self.edges


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A lock file.

    update: the command that writes it. requires_python: the versions it was locked for.
    entries: a package has several if its version depends on the platform.
    has_edges: whether entries name their dependencies; if not, all of them are needed.
    has_roots: whether it has the dependencies of the packages that it was locked for, as uv.lock does.
    members: the packages of the uv workspace that it was locked for.
    conflicts: extras that it does not lock together, as sets of (package, extra).
    build_constraints: for build backends, as lines of a requirements file.
    """

    path: Path
    update: str
    entries: tuple[Entry, ...] = field(repr=False)
    requires_python: str = ""
    has_edges: bool = True
    has_roots: bool = False
    members: frozenset[str] = frozenset()
    conflicts: tuple[frozenset[tuple[str, str]], ...] = ()
    build_constraints: tuple[str, ...] = ()

    def entry_at(self, folder: Path) -> Entry | None:
        """Return the entry of the package in this folder."""
        return self._by_folder.get(folder)

    @functools.cached_property
    def _by_folder(self) -> Mapping[Path, Entry]:
        return {each.folder: each for each in self.entries if each.folder is not None}

    @functools.cached_property
    def by_name(self) -> Mapping[str, list[Entry]]:
        """Return the entries of each package."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.name, []).append(entry)
        return found

    def covers(self, package: Package) -> bool:
        """Return whether the lock has what the package needs."""
        if package.folder == self.path.parent:
            # A package may have a Pipfile for its tests only, and a requirements.txt takes precedence over one.
            return self.path.name != "Pipfile.lock" or package.declared_in.name == "Pipfile"
        return self.has_edges and self.entry_at(package.folder) is not None

    def source(self, name: str) -> Path | str | None:
        """Return where a package comes from: a folder, or "index" or the like; None if it is not locked."""
        found = self.by_name.get(name, ())
        folders = [entry.folder for entry in found if entry.folder is not None]
        return folders[0] if folders else INDEX if found else None

    def constraints(self, backends: Iterable[Requirement]) -> tuple[str, ...]:
        """Return the locked versions that these requirements of a build allow, as constraints for pip."""
        found = {
            f"{entry.name}=={entry.version}"
            for backend in backends
            for entry in self.by_name.get(canonicalize_name(backend.name), ())
            if entry.folder is None and backend.specifier.contains(entry.version, prereleases=True)
        }
        return tuple(sorted({*found, *self.build_constraints}))
