"""Finds the lines of a lock file that one package needs."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.condition import Condition
from scoped_images.workspace.lock import Edge, Entry, Lock
from scoped_images.workspace.request import Request
from scoped_images.workspace.requirements_file import Line

_EXTRA = re.compile(r"""extra\s*(==|!=)\s*(['"])([^'"]*)\2""")
# Replace a condition on extras whose value is known.
_TRUE, _FALSE = "python_version >= '0'", "python_version < '0'"
_Key = tuple[int, str]  # number of the entry, extra


def locked_lines(request: Request, lock: Lock) -> tuple[Line, ...]:
    """Return the sorted lines of a requirements file for a package.

    Leaves out packages of the repository, because bases of their own install them.
    """
    found = _Walk(request, lock).from_roots(list(_roots(request, lock)))
    ordered = sorted(found, key=lambda each: (each[0].name, each[0].version))
    hashed = all(entry.hashes for entry, _ in ordered)
    return tuple(_line(lock, entry, condition, hashed) for entry, condition in ordered)


def _roots(request: Request, lock: Lock) -> Iterator[Edge]:
    package, direct, extras = request.package, request.third_party, ("", *request.extras)
    entry = lock.entry_at(package.folder)
    if not lock.has_edges:
        for each in lock.entries:
            yield Edge(name=each.name, marker=each.marker, version=each.version)
        return
    known = set(lock.by_name)
    if lock.has_roots or (package.unknown_dependencies and entry is not None):
        if entry is None:
            raise ScopedImagesError(
                f"{lock.path} does not contain the package {package.name!r}; run `{lock.update}`"
            )
        yield from entry.requires(extras)
        # uv drops an edge that no Python version of the workspace needs, but keeps its declaration.
        known = {edge.name for edge in entry.requires(extras)} | entry.declared
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
            f"{lock.path} does not contain {', '.join(missing)}, which {package.name!r} requires; run `{lock.update}`"
        )


def _line(lock: Lock, entry: Entry, condition: Condition, hashed: bool) -> Line:
    if entry.elsewhere:
        raise ScopedImagesError(
            f"{lock.path}: {entry.name!r} comes from {entry.elsewhere}, but a base installs from package indexes only; "
            "publish it there, or declare the base by hand"
        )
    marker = f" ; {condition}" if str(condition) else ""
    for value in (entry.version, *entry.hashes):
        # White space would start an option of pip, or another requirement.
        if not re.fullmatch(r"\S+", value):
            raise ScopedImagesError(
                f"{lock.path}: version and hashes of {entry.name!r} must be single words, got {value!r}; run "
                f"`{lock.update}`"
            )
    hashes = (f"    --hash={each}" for each in entry.hashes) if hashed else ()
    return Line.of(" \\\n".join((f"{entry.name}=={entry.version}{marker}", *hashes)))


class _Walk:
    """Finds each needed entry and its condition: one path to it must hold, with all markers on that path."""

    def __init__(self, request: Request, lock: Lock) -> None:
        self._lock, self._target, self._extras = lock, request.target, request.extras
        self._asked = {
            f"extra-{len(name)}-{name}-{extra}" for name, extras in request.asked.items() for extra in extras
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
        # A plain name is Poetry's, on an edge that is followed only if the extra is requested.
        holds = match[3] in self._asked or not match[3].startswith(("extra-", "group-", "project-"))
        return _TRUE if holds == (match[1] == "==") else _FALSE


def _allows(specifier: str, version: str) -> bool:
    return not specifier or not version or _specifiers(specifier).contains(version, prereleases=True)


@functools.lru_cache(maxsize=10_000)
def _specifiers(text: str) -> SpecifierSet:
    return Requirement(f"x{text}").specifier
