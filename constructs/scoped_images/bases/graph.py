"""Base images and what they stand on: declared by hand or derived from the workspace, checked, in order."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from scoped_images.bases.declaration import BaseDeclaration, check_declarations
from scoped_images.bases.derive import derive_bases, needs_of
from scoped_images.bases.version_conflicts import version_conflicts
from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.cycles import find_cycle
from scoped_images.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class BaseGraph:
    """Base images with what they need, without cycles.

    declarations: by name, sorted.
    workspace: where they were derived from, if any were. workloads: whom for; None for all.
    """

    declarations: Mapping[str, BaseDeclaration]
    workspace: Workspace | None = None
    workloads: tuple[str | Path, ...] | None = None

    @classmethod
    def of(cls, declarations: Iterable[BaseDeclaration], *, workspace: Workspace | None = None) -> BaseGraph:
        """Check that names are unique, that every need is declared, and that there is no cycle."""
        given = sorted(check_declarations("bases", declarations), key=lambda declaration: declaration.name)
        by_name = {declaration.name: declaration for declaration in given}
        for declaration in given:
            if by_name[declaration.name] is not declaration:
                raise ScopedImagesError(
                    f"base image {declaration.name!r} is declared twice: give one another name"
                )
            for need in declaration.needs:
                if need not in by_name:
                    raise ScopedImagesError(
                        f"base image {declaration.name!r} needs {need!r}, and there is no such base; there are: "
                        f"{', '.join(by_name)}"
                    )
        cycle = find_cycle({name: declaration.needs for name, declaration in by_name.items()})
        if cycle:
            raise ScopedImagesError(
                f"base images need each other in a circle: {' → '.join(cycle)}. One of them has to do without the next"
            )
        return cls(declarations=by_name, workspace=workspace)

    @classmethod
    def from_workspace(
        cls,
        root: str | Path,
        *,
        workloads: Sequence[str | Path] | None = None,
        declared: Iterable[BaseDeclaration] = (),
        dockerfile: str | Path | None = None,
    ) -> BaseGraph:
        """Derive a base for each shared package that a workload needs, beside those declared by hand.

        workloads: names of packages, or folders below `root` that hold them; by default every package that no
            other one depends on.
        declared: bases by hand. One that has the name of a package takes the place of that package's base.
        dockerfile: for the derived bases, in place of the library's own; see docs/bases.md.
        """
        by_hand = check_declarations("declared", declared)
        workspace = Workspace.read(root)
        derived = derive_bases(
            workspace, workloads=workloads, declared=[declaration.name for declaration in by_hand]
        )
        conflicts = version_conflicts(derived, {base.name: base.requirements() for base in derived})
        declarations = []
        for base in derived:
            context = base.context(dockerfile)
            context = dataclasses.replace(context, warnings=(*context.warnings, *conflicts[base.name]))
            declarations.append(
                BaseDeclaration(name=base.name, context=context, needs=base.needs, derived=base)
            )
        graph = cls.of((*by_hand, *declarations), workspace=workspace)
        return dataclasses.replace(graph, workloads=None if workloads is None else tuple(workloads))

    def order(self) -> tuple[BaseDeclaration, ...]:
        """Every base after those that it needs; of those that could come next, by name."""
        sorter = TopologicalSorter({name: declared.needs for name, declared in self.declarations.items()})
        sorter.prepare()
        ordered: list[str] = []
        ready = sorted(sorter.get_ready())
        while ready:
            name = ready.pop(0)
            ordered.append(name)
            sorter.done(name)
            ready = sorted((*ready, *sorter.get_ready()))
        return tuple(self.declarations[name] for name in ordered)

    def dependents(self, name: str) -> tuple[str, ...]:
        """Names of the bases that stand on this one, directly or through others, sorted."""
        self._known(name)
        found: set[str] = set()
        for declaration in self.order():
            if found.union({name}) & set(declaration.needs):
                found.add(declaration.name)
        return tuple(sorted(found))

    def needs_of(self, workload: str | Path) -> tuple[str, ...]:
        """The bases that a package of the workspace stands on, by name or folder; it is built FROM the first."""
        if self.workspace is None:
            raise ScopedImagesError(
                f"needs_of({workload!r}): these bases were not derived from a workspace; name the base yourself"
            )
        needs = needs_of(self.workspace, workload, workloads=self.workloads)
        for need in needs:
            if need not in self.declarations:
                raise ScopedImagesError(
                    f"{workload!r} needs the package {need!r}, and no base was derived for it: add {workload!r} to "
                    f"workloads=. There are bases of: {', '.join(self.declarations) or 'none'}"
                )
        return needs

    def _known(self, name: str) -> None:
        if name not in self.declarations:
            raise ScopedImagesError(
                f"there is no base image {name!r}; there are: {', '.join(self.declarations) or 'none'}"
            )
