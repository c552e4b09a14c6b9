"""The graph of base images: declared by hand or derived from the workspace, checked and ordered."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from scoped_images.bases.declaration import BaseDeclaration, check_declarations
from scoped_images.bases.derive import derive_bases, needs_of
from scoped_images.bases.package_options import PackageOptions, options_by_name
from scoped_images.bases.version_conflicts import version_conflicts
from scoped_images.errors import ScopedImagesError
from scoped_images.workspace.cycles import find_cycle
from scoped_images.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class BaseGraph:
    """Base images and their needs, without cycles.

    declarations: by name, sorted.
    workspace: the workspace they were derived from, or None.
    workloads: the workloads they were derived for; None for all.
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
                raise ScopedImagesError(f"base image {declaration.name!r} is declared twice; rename one")
            for need in declaration.needs:
                if need not in by_name:
                    raise ScopedImagesError(
                        f"base image {declaration.name!r} needs the unknown base {need!r}; known: "
                        f"{', '.join(by_name)}"
                    )
        cycle = find_cycle({name: declaration.needs for name, declaration in by_name.items()})
        if cycle:
            raise ScopedImagesError(
                f"base images need each other in a cycle: {' → '.join(cycle)}; remove one of these needs"
            )
        return cls(declarations=by_name, workspace=workspace)

    @classmethod
    def from_workspace(
        cls,
        root: str | Path,
        *,
        workloads: Sequence[str | Path] | None = None,
        declared: Iterable[BaseDeclaration] = (),
        package_options: Iterable[PackageOptions] = (),
        dockerfile: str | Path | None = None,
    ) -> BaseGraph:
        """Derive a base for each package that a workload depends on, in addition to the declared ones.

        workloads: names of packages, or folders below `root` that hold them; by default every package that no
            other one depends on.
        declared: bases declared by hand. One with the name of a package replaces that package's base.
        package_options: what to know about building packages beyond their own files.
        dockerfile: of the derived bases; by default the library's own. See docs/bases.md.
        """
        by_hand = check_declarations("declared", declared)
        workspace = Workspace.read(root)
        options = options_by_name(package_options)
        derived = derive_bases(
            workspace,
            workloads=workloads,
            declared=[declaration.name for declaration in by_hand],
            options=options,
        )
        names = [base.name for base in derived]
        for name in options:
            if name not in names:
                raise ScopedImagesError(
                    f"package_options: names {name!r}, which is not a package that a workload depends on; derived "
                    f"bases: {', '.join(names) or 'none'}"
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
        """Return every base after the bases that it needs; ties are sorted by name."""
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

    def needs_of(self, workload: str | Path) -> tuple[str, ...]:
        """Return the bases that a package, given by name or folder, is built from; it is built FROM the first."""
        if self.workspace is None:
            raise ScopedImagesError(
                f"needs_of({workload!r}): these bases were not derived from a workspace; name the base yourself"
            )
        needs = needs_of(self.workspace, workload, workloads=self.workloads)
        for need in needs:
            if need not in self.declarations:
                raise ScopedImagesError(
                    f"{workload!r} needs the package {need!r}, but no base was derived for it; add {workload!r} to "
                    f"workloads=. Known bases: {', '.join(self.declarations) or 'none'}"
                )
        return needs
