"""Finds the packages that workloads depend on, the extras asked of them, and the bases that hold them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from scoped_images.errors import ScopedImagesError
from scoped_images.expect import expect_list
from scoped_images.workspace.cycles import join_cycles
from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.target import Target
from scoped_images.workspace.workspace import Workspace

# A package below one of these is a workload only if it is named.
_NOT_DEPLOYED = frozenset({"test", "tests", "fixtures", "testdata", "docs", "examples", "templates"})


class Reach:
    """The packages that workloads depend on, directly or indirectly.

    packages: those and the workloads, by name. extras: those asked of each. workloads: sorted by name.
    """

    def __init__(self, workspace: Workspace, workloads: Iterable[Package], target: Target) -> None:
        self.workspace, self.target = workspace, target
        self.workloads = tuple(sorted(workloads, key=lambda package: package.name))
        self.packages: dict[str, Package] = {}
        self.extras: dict[str, frozenset[str]] = {}
        self.direct: dict[str, tuple[str, ...]] = {}
        for workload in self.workloads:
            self._follow(workload)
        self._refuse_conflicts()
        self._groups = join_cycles(self.direct)
        self._needed = {need for needs in self.direct.values() for need in needs}
        # Between bases there are no cycles.
        self._needs = {
            group[0]: {self.base_of(need) for member in group for need in self.direct[member]} - {group[0]}
            for group in self._groups.values()
        }
        self._below: dict[str, frozenset[str]] = {}

    def _follow(self, workload: Package) -> None:
        waiting: list[tuple[Package, frozenset[str]]] = [(workload, frozenset())]
        while waiting:
            package, extras = waiting.pop()
            self._add(package)
            # Visit a package again only if a new extra is requested.
            if package.name in self.extras and extras <= self.extras[package.name]:
                continue
            asked = package.expand(self.extras.get(package.name, frozenset()) | extras)
            self.extras[package.name] = asked | extras
            found = list(local_of(self.workspace, package, asked, self.target))
            self.direct[package.name] = tuple(sorted({need.name for need, _ in found} - {package.name}))
            waiting += found

    def _add(self, package: Package) -> None:
        other = self.packages.setdefault(package.name, package)
        if other.folder != package.folder:
            raise ScopedImagesError(
                f"workspace: workloads must not depend on two packages of one name, got {package.name!r} in "
                f"{other.declared_in} and {package.declared_in}; rename one, or leave one out with workloads= or exclude="
            )

    def _refuse_conflicts(self) -> None:
        for package in self.packages.values():
            lock = self.workspace.locks.nearest(package)
            for conflict in lock.conflicts if lock else ():
                both = sorted(
                    f"{name}[{extra}]" for name, extra in conflict if extra in self.extras.get(name, ())
                )
                if lock and len(both) > 1:
                    raise ScopedImagesError(
                        f"workspace: {lock.path} does not lock together what workloads ask for, got "
                        f"{' and '.join(both)}; derive the bases of such workloads apart, with workloads="
                    )

    @property
    def shared(self) -> tuple[str, ...]:
        """Return the names of bases: each package that another depends on, those that depend on each other as one."""
        return tuple(sorted({self.base_of(name) for name in self._needed}))

    def members(self, base: str) -> tuple[Package, ...]:
        """Return the packages of a base."""
        return tuple(self.packages[name] for name in self._groups[base] if name in self._needed)

    def base_of(self, name: str) -> str:
        """Return the name of the base that a package is in."""
        return self._groups[name][0]

    def asked_by(self, base: str) -> tuple[str, ...]:
        """Return the packages that depend on a base directly."""
        own = self._groups[base]
        return tuple(
            other for other in sorted(self.direct) if other not in own and {*own} & {*self.direct[other]}
        )

    def around(self, base: str) -> tuple[Package, ...]:
        """Return the packages of a base, their dependencies and their dependents, direct and indirect, sorted."""
        below = {member for name in (base, *self.below(base)) for member in self._groups[name]}
        above = {package.name for package in self.dependents(base)}
        return tuple(self.packages[name] for name in sorted(above | below))

    def dependents(self, base: str) -> tuple[Package, ...]:
        """Return the packages that depend on a base, directly or indirectly, sorted."""
        return tuple(self.packages[other] for other in sorted(self.direct) if base in self.below(other))

    def cover(self, name: str) -> tuple[str, ...]:
        """Return the bases that a package needs and that no other one of them includes, the largest first."""
        needs = self._needs[self.base_of(name)]
        least = [need for need in needs if not any(need in self.below(other) for other in needs)]
        return tuple(sorted(least, key=lambda need: (-len(self.below(need)), need)))

    def needs_of(self, workload: str) -> tuple[str, ...]:
        """Return the bases that a workload is built from. One that others need in a cycle is in their base."""
        return (self.base_of(workload),) if len(self._groups[workload]) > 1 else self.cover(workload)

    def below(self, name: str) -> frozenset[str]:
        """Return every base that a package needs, directly or indirectly."""
        own = self.base_of(name)
        if own not in self._below:
            needs = self._needs[own]
            self._below[own] = frozenset(needs).union(*(self.below(need) for need in needs))
        return self._below[own]


def local_of(
    workspace: Workspace, package: Package, extras: Collection[str], target: Target
) -> Iterable[tuple[Package, frozenset[str]]]:
    """Yield the packages of the repository that a package depends on, each with the extras that it asks for."""
    dependencies: Sequence[Dependency] = package.requires(extras)
    for dependency in dependencies:
        if target.may_hold(dependency.marker):
            found = workspace.local(package, dependency)
            if found is not None:
                yield found, dependency.extras
    lock = workspace.locks.nearest(package) if package.unknown_dependencies else None
    entry = lock.entry_at(package.folder) if lock else None
    for edge in entry.requires(("", *extras)) if entry and lock else ():
        folder = lock.source(edge.name) if lock else None
        if isinstance(folder, Path) and target.may_hold(edge.marker):
            found = workspace.at(package, edge.name, folder)
            yield found, frozenset(edge.extras)


def find_workload(workspace: Workspace, workload: str | Path) -> Package:
    """Return one workload, by its name or folder. Raises ScopedImagesError for a folder with several packages."""
    found = workspace.find(workload)
    if len(found) > 1:
        names = ", ".join(package.name for package in found)
        raise ScopedImagesError(
            f"workload: must be one package, got the folder {str(workload)!r} with several; name one of {names}"
        )
    return found[0]


def find_workloads(
    workspace: Workspace, workloads: Sequence[str | Path] | None, target: Target
) -> tuple[Package, ...]:
    """Return the named workloads, or those that no other package depends on, sorted by name.

    Leaves out packages of tests, documents and templates, unless they are named.
    """
    if workloads is not None:
        expect_list("workloads", workloads)
        named = {package.folder: package for workload in workloads for package in workspace.find(workload)}
        return tuple(sorted(named.values(), key=lambda package: package.name))
    if not workspace.every and not workspace.plain_workloads:
        _refuse_nothing(workspace)
    candidates = {
        package.folder: package
        for package in (*workspace.every, *workspace.plain_workloads)
        if is_deployed(workspace, package.folder)
    }
    needed = _needed_by_others(workspace, candidates, target)
    found = [
        # No base is called after a workload, so that it may have another name than its package.
        dataclasses.replace(package, name=workspace.workload_name(folder))
        if package.name in workspace.namesakes
        else package
        for folder, package in candidates.items()
        if folder not in needed
    ]
    return tuple(sorted(found, key=lambda package: package.name))


def is_deployed(workspace: Workspace, folder: Path) -> bool:
    """Return whether a folder may be a workload without being named."""
    return not _NOT_DEPLOYED & {*folder.relative_to(workspace.root).parts}


def _refuse_nothing(workspace: Workspace) -> None:
    if len(workspace.unreadable) == 1:
        raise next(iter(workspace.unreadable.values()))
    raise ScopedImagesError(
        f"workspace: must hold a Python package, got {workspace.root} with none; give the folder that holds the packages "
        "as root, each with a pyproject.toml that has a name, or name the folders of your images with workloads="
    )


def _needed_by_others(workspace: Workspace, packages: Mapping[Path, Package], target: Target) -> set[Path]:
    """Return the folders of packages that others depend on, with or without an extra."""
    always = {folder: _local_folders(workspace, each, (), target) for folder, each in packages.items()}
    ever = {folder: _local_folders(workspace, each, each.extras, target) for folder, each in packages.items()}
    inside = join_cycles({folder: needs & packages.keys() for folder, needs in ever.items()})
    # A package stays a workload if only an extra of its own dependency (for tests, say) requires it.
    counted = {
        folder: {
            need
            for need in needs & packages.keys()
            if need in always[folder] or inside[need] != inside[folder]
        }
        for folder, needs in ever.items()
    }
    # Of packages that need each other, the first is a workload, unless another package needs one of them.
    groups = join_cycles(counted)
    needed = {
        groups[need] for folder in counted for need in counted[folder] if groups[need] != groups[folder]
    }
    return {folder for folder in packages if groups[folder] in needed or groups[folder][0] != folder}


def _local_folders(
    workspace: Workspace, package: Package, extras: Collection[str], target: Target
) -> set[Path]:
    """Return the folders of packages that a package depends on; none if it has a mistake, which its base reports."""
    try:
        return {found.folder for found, _ in local_of(workspace, package, extras, target)}
    except ScopedImagesError:
        return set()
