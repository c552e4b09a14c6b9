"""Derives base images from the packages of a workspace: one for each package that a workload depends on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from scoped_images.bases.derived_base import DerivedBase
from scoped_images.bases.package_options import PackageOptions
from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.cycles import find_cycle
from scoped_images.workspace.package import Package
from scoped_images.workspace.workspace import Workspace, refuse_cycle


def derive_bases(
    workspace: Workspace,
    *,
    workloads: Sequence[str | Path] | None = None,
    declared: Collection[str] = (),
    options: Mapping[str, PackageOptions] | None = None,
) -> tuple[DerivedBase, ...]:
    """Return a base for each package that a workload depends on, directly or indirectly, sorted by name.

    workloads: names of packages, or folders below the root that hold them; by default every package that no other
        one depends on.
    declared: the names of bases that are declared by hand. They replace the derived base of the same name.
    options: of the packages, by name.
    """
    extras = extras_asked_for(workspace, find_workloads(workspace, workloads))
    graph = _Needs(workspace, extras)
    return tuple(
        DerivedBase(
            name=name,
            workspace=workspace,
            package=workspace.packages[name],
            needs=graph.cover(name),
            extras=extras[name],
            asked_by=graph.asked_by(name),
            declared_in=tuple(workspace.packages[each].pyproject for each in graph.around(name)),
            from_derived=not graph.below(name) & set(declared),
            options=(options or {}).get(name),
        )
        for name in sorted(graph.shared)
        if name not in declared
    )


def needs_of(
    workspace: Workspace, workload: str | Path, *, workloads: Sequence[str | Path] | None = None
) -> tuple[str, ...]:
    """Return the bases that a workload is built from, the largest first. Bases that another one includes are left out.

    workloads: the workloads that bases are derived for; the bases install their extras too.
    """
    found = workspace.find(workload)
    if len(found) > 1:
        names = ", ".join(package.name for package in found)
        raise ScopedImagesError(
            f"workload {workload!r} is a folder with several packages; name one of {names}"
        )
    (package,) = found
    extras = extras_asked_for(workspace, (*find_workloads(workspace, workloads), package))
    return _Needs(workspace, extras).cover(package.name)


def find_workloads(workspace: Workspace, workloads: Sequence[str | Path] | None) -> tuple[Package, ...]:
    """Return the named packages, or the packages that no other package depends on, sorted by name."""
    if isinstance(workloads, str):
        raise ScopedImagesError(f"workloads: must be a list, got {workloads!r}; use [{workloads!r}]")
    if workloads is not None:
        named = {package.name: package for workload in workloads for package in workspace.find(workload)}
        return tuple(named[name] for name in sorted(named))
    needed = _needed_by_others(workspace)
    return tuple(package for name, package in workspace.packages.items() if name not in needed)


def _needed_by_others(workspace: Workspace) -> set[str]:
    """Return the names of packages that others depend on, with or without an extra."""
    always = {name: _local_names(workspace, package, ()) for name, package in workspace.packages.items()}
    ever = {
        name: _local_names(workspace, package, package.extras) for name, package in workspace.packages.items()
    }
    return {
        need
        for name, needs in ever.items()
        for need in needs
        # A package stays a workload if only an extra of its own dependency (for tests, say) requires it.
        if need in always[name] or name not in _reached(ever, need)
    }


def _local_names(workspace: Workspace, package: Package, extras: Iterable[str]) -> set[str]:
    return {dependency.name for dependency in workspace.local(package.requires(extras))}


def _reached(needs: Mapping[str, Collection[str]], name: str) -> set[str]:
    """Return everything that a name needs, directly or indirectly. The graph may have cycles."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        new = set(needs[waiting.pop()]) - reached
        reached |= new
        waiting += new
    return reached


def extras_asked_for(workspace: Workspace, workloads: Sequence[Package]) -> dict[str, frozenset[str]]:
    """Return the workloads and the packages they depend on, each with its requested extras."""
    asked: dict[str, frozenset[str]] = {}
    waiting = [(package.name, frozenset[str]()) for package in workloads]
    while waiting:
        name, extras = waiting.pop()
        # Visit a package again only if a new extra is requested.
        if name in asked and extras <= asked[name]:
            continue
        package = workspace.package(name)
        asked[name] = package.expand(asked.get(name, frozenset()) | extras)
        waiting += [
            (dependency.name, dependency.extras)
            for dependency in workspace.local(package.requires(asked[name]))
        ]
    return asked


class _Needs:
    """The dependencies between the packages that workloads reach, with the requested extras."""

    def __init__(self, workspace: Workspace, extras: Mapping[str, frozenset[str]]) -> None:
        self._direct = {
            name: sorted(_local_names(workspace, workspace.packages[name], asked))
            for name, asked in extras.items()
        }
        refuse_cycle(find_cycle(self._direct))
        self._closures: dict[str, frozenset[str]] = {}
        self.shared = {need for needs in self._direct.values() for need in needs}

    def asked_by(self, name: str) -> tuple[str, ...]:
        """Return the packages that depend on it directly."""
        return tuple(other for other in sorted(self._direct) if name in self._direct[other])

    def around(self, name: str) -> tuple[str, ...]:
        """Return the package, its dependencies and its dependents, direct and indirect, sorted."""
        above = {other for other in self._direct if name in self._closure(other)}
        return tuple(sorted({name, *above, *self._closure(name)}))

    def below(self, name: str) -> frozenset[str]:
        """Return its dependencies, direct and indirect."""
        return self._closure(name)

    def cover(self, name: str) -> tuple[str, ...]:
        """Return the direct dependencies that no other direct dependency includes, the largest first."""
        direct = self._direct[name]
        least = [need for need in direct if not any(need in self._closure(other) for other in direct)]
        return tuple(sorted(least, key=lambda need: (-len(self._closure(need)), need)))

    def _closure(self, name: str) -> frozenset[str]:
        """Return everything that it needs, directly or indirectly."""
        if name not in self._closures:
            needs = self._direct[name]
            self._closures[name] = frozenset(needs).union(*(self._closure(need) for need in needs))
        return self._closures[name]
