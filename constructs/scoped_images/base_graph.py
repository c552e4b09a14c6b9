"""Base images and what they stand on: declared by hand or derived from the workspace, checked, in order."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path

from scoped_images.context import ScopedContext
from scoped_images.cycles import find_cycle
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from scoped_images.workspace.derived_base import DerivedBase, name_in_build
from scoped_images.workspace.derived_bases import derive_bases, needs_of
from scoped_images.workspace.version_conflicts import version_conflicts
from scoped_images.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class BaseDeclaration:
    """One base image: what it is built of, and which other bases it stands on.

    name: lower-case letters, digits and dashes; part of the names of its repository and its stack.
    context: or a function from a platform to its context, where the files depend on the platform.
    needs: names of other bases. The image is built FROM the first; `COPY --from=base-<name>` reads the others.
    platforms: by default that of the environment.
    derived: what of the workspace it was derived from; None for a base declared by hand.
    """

    name: str
    context: ScopedContext | Callable[[Platform], ScopedContext]
    needs: tuple[str, ...] = ()
    platforms: tuple[Platform, ...] = ()
    build_args: Mapping[str, str] = field(default_factory=dict)
    build_secrets: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    derived: DerivedBase | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise ScopedImagesError(
                f"name of a base image is {self.name!r}: use lower-case letters and digits, with single dashes between"
            )
        if not isinstance(self.context, ScopedContext) and not callable(self.context):
            raise ScopedImagesError(
                f"context of base image {self.name!r} is {self.context!r}, and takes a ScopedContext, or a function "
                "from a platform to one"
            )
        for option in ("needs", "platforms"):
            if isinstance(getattr(self, option), str):
                given = getattr(self, option)
                raise ScopedImagesError(
                    f"{option} of base image {self.name!r} is the text {given!r}, and takes a tuple: ({given!r},)"
                )
        object.__setattr__(self, "needs", tuple(self.needs))
        platforms = tuple(
            Platform.parse(platform, name=f"platforms of base image {self.name!r}")
            for platform in self.platforms
        )
        object.__setattr__(self, "platforms", platforms)
        for each in self.needs:
            if self.needs.count(each) > 1:
                raise ScopedImagesError(
                    f"needs of base image {self.name!r} names {each!r} twice: once is enough"
                )

    @property
    def base(self) -> str | None:
        """Name of the base that it is built FROM; None for the Dockerfile's own public image."""
        return self.needs[0] if self.needs else None

    @property
    def named_bases(self) -> dict[str, str]:
        """The other bases, by the names under which its Dockerfile copies from them."""
        return {name_in_build(name): name for name in self.needs[1:]}


@dataclass(frozen=True, kw_only=True)
class BaseGraph:
    """Base images with what they need, without cycles.

    declarations: by name, sorted.
    workspace: where they were derived from, if any were. workloads: whom for; None for all.
    """

    declarations: Mapping[str, BaseDeclaration]
    workspace: Workspace | None = None
    workloads: tuple[str, ...] | None = None

    @classmethod
    def of(cls, declarations: Iterable[BaseDeclaration], *, workspace: Workspace | None = None) -> BaseGraph:
        """Check that names are unique, that every need is declared, and that there is no cycle."""
        given = sorted(declarations, key=lambda declaration: declaration.name)
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
        workloads: Sequence[str] | None = None,
        declared: Iterable[BaseDeclaration] = (),
        dockerfile: str | Path | None = None,
    ) -> BaseGraph:
        """Derive a base for each shared package that a workload needs, beside those declared by hand.

        workloads: names of packages, or folders below `root` that hold them; by default every package that no
            other one depends on.
        declared: bases by hand. One that has the name of a package takes the place of that package's base.
        dockerfile: for the derived bases, in place of the library's own; see docs/bases.md.
        """
        workspace = Workspace.read(root)
        by_hand = tuple(declared)
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

    def needs_of(self, workload: str) -> tuple[str, ...]:
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
