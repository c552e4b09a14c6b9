"""What a lock file says, whichever tool wrote it, and what one package needs of it."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.condition import Condition
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.requirements_file import Line
from scoped_images.workspace.target import Target

INDEX = "index"
_EXTRA = re.compile(r"""extra\s*(==|!=)\s*(['"])([^'"]*)\2""")
# Replace a condition on extras whose value is known.
_TRUE, _FALSE = "python_version >= '0'", "python_version < '0'"


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


_Key = tuple[int, str]  # number of the entry, extra


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

    def requirements(
        self,
        package: Package,
        extras: Collection[str],
        *,
        direct: Iterable[Dependency],
        asked: Mapping[str, Collection[str]],
        target: Target,
    ) -> tuple[Line, ...]:
        """Return the sorted lines of a requirements file for a package with these extras.

        Leaves out packages of the repository, because bases of their own install them.

        direct: the requirements in its own files that are not packages of the repository.
        asked: the requested extras of every package.
        """
        walk = _Walk(self, target, asked, frozenset(extras))
        found = walk.from_roots(list(self._roots(package, extras, tuple(direct))))
        ordered = sorted(found, key=lambda each: (each[0].name, each[0].version))
        hashed = all(entry.hashes for entry, _ in ordered)
        return tuple(self._line(entry, condition, hashed) for entry, condition in ordered)

    def _roots(
        self, package: Package, extras: Collection[str], direct: tuple[Dependency, ...]
    ) -> Iterator[Edge]:
        entry = self.entry_at(package.folder)
        if not self.has_edges:
            for each in self.entries:
                yield Edge(name=each.name, marker=each.marker, version=each.version)
            return
        known = set(self.by_name)
        if self.has_roots or (package.unknown_dependencies and entry is not None):
            if entry is None:
                raise ScopedImagesError(
                    f"{self.path} does not contain the package {package.name!r}; run `{self.update}`"
                )
            yield from entry.requires(("", *extras))
            # uv drops an edge that no Python version of the workspace needs, but keeps its declaration.
            known = {edge.name for edge in entry.requires(("", *extras))} | entry.declared
        else:
            yield from (
                Edge(
                    name=each.name,
                    marker=each.marker,
                    extras=tuple(sorted(each.extras)),
                    specifier=str(each.requirement.specifier),
                )
                for each in direct
            )
        missing = sorted({each.name for each in direct} - known)
        if missing:
            raise ScopedImagesError(
                f"{self.path} does not contain {', '.join(missing)}, which {package.name!r} requires; "
                f"run `{self.update}`"
            )

    def _line(self, entry: Entry, condition: Condition, hashed: bool) -> Line:
        if entry.elsewhere:
            raise ScopedImagesError(
                f"{self.path}: {entry.name!r} comes from {entry.elsewhere}, but a base installs from package indexes "
                "only; publish it there, or declare the base by hand"
            )
        marker = f" ; {condition}" if str(condition) else ""
        for value in (entry.version, *entry.hashes):
            # White space would start an option of pip, or another requirement.
            if not re.fullmatch(r"\S+", value):
                raise ScopedImagesError(
                    f"{self.path}: version and hashes of {entry.name!r} must be single words, got {value!r}; run "
                    f"`{self.update}`"
                )
        hashes = (f"    --hash={each}" for each in entry.hashes) if hashed else ()
        return Line.of(" \\\n".join((f"{entry.name}=={entry.version}{marker}", *hashes)))


class _Walk:
    """Finds each needed entry and its condition: one path to it must hold, with all markers on that path."""

    def __init__(
        self, lock: Lock, target: Target, asked: Mapping[str, Collection[str]], extras: frozenset[str]
    ) -> None:
        self._lock, self._target, self._extras = lock, target, extras
        self._asked = {
            f"extra-{len(name)}-{name}-{extra}" for name, extras in asked.items() for extra in extras
        }
        self._numbers = {id(entry): number for number, entry in enumerate(lock.entries)}
        self._simple: dict[str, str | None] = {}

    def from_roots(self, edges: list[Edge]) -> list[tuple[Entry, Condition]]:
        found: dict[_Key, Condition] = {}
        waiting: dict[_Key, list[Edge]] = {(-1, ""): edges}
        while waiting:
            # Oldest first: a package that is always needed is found early and visited once.
            key = next(iter(waiting))
            above = found.get(key, Condition.when())
            for edge in waiting.pop(key):
                for entry, marker in self._reached(edge):
                    condition = above & marker
                    for extra in ("", *edge.extras):
                        reached = (self._numbers[id(entry)], extra)
                        known = found.get(reached, Condition())
                        found[reached] = known | condition
                        # Visit a package again if it turns out to be needed under more conditions.
                        if found[reached] != known:
                            waiting[reached] = list(entry.requires((extra,)))
        return [
            (self._lock.entries[number], condition)
            for (number, extra), condition in found.items()
            if not extra
        ]

    def _reached(self, edge: Edge) -> Iterator[tuple[Entry, str]]:
        """Yield the entries that a dependency may mean, each with its marker."""
        marker = self._marker(edge.marker)
        if marker is None:
            return
        entries = self._candidates(edge)
        for entry in entries:
            if entry.folder is not None:
                continue
            own = self._marker(entry.marker) if len(entries) > 1 else ""
            if own is not None:
                yield entry, f"({marker}) and ({own})" if marker and own and own != marker else marker or own

    def _candidates(self, edge: Edge) -> list[Entry]:
        entries = [
            entry
            for entry in self._lock.by_name.get(edge.name, ())
            if edge.version in ("", entry.version) and edge.source in (None, entry.source)
        ]
        allowed = [entry for entry in entries if _allows(edge.specifier, entry.version)]
        # Tools can override a version that a dependency does not allow.
        found = allowed or entries
        if not found and not edge.marker:
            raise ScopedImagesError(
                f"{self._lock.path} has no entry for {edge.name!r}; run `{self._lock.update}`"
            )
        if len(found) > 1 and self._lock.has_roots and edge.version == "":
            raise ScopedImagesError(
                f"{self._lock.path} has {len(found)} entries for {edge.name!r}, expected one; "
                f"run `{self._lock.update}`"
            )
        return found

    def _marker(self, marker: str) -> str | None:
        """Return the part of a marker that is uncertain. Extras of a conflict are known; groups are never installed."""
        if marker not in self._simple:
            known = _EXTRA.sub(self._known, marker)
            try:
                self._simple[marker] = self._target.simplify(known, self._extras)
            except ScopedImagesError as error:
                raise ScopedImagesError(f"{self._lock.path}: {error}") from None
        return self._simple[marker]

    def _known(self, match: re.Match[str]) -> str:
        # A plain name is of Poetry's, on an edge that is followed only if the extra is requested.
        holds = match[3] in self._asked or not match[3].startswith(("extra-", "group-", "project-"))
        return _TRUE if holds == (match[1] == "==") else _FALSE


def _allows(specifier: str, version: str) -> bool:
    return not specifier or not version or _specifiers(specifier).contains(version, prereleases=True)


@functools.lru_cache(maxsize=10_000)
def _specifiers(text: str) -> SpecifierSet:
    return Requirement(f"x{text}").specifier
