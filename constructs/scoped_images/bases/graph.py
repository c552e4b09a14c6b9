"""The graph of base images: declared by hand or derived from the workspace, checked and ordered."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path

from scoped_images.bases.conflicts import module_conflicts, version_conflicts
from scoped_images.bases.declaration import BaseDeclaration
from scoped_images.bases.derive import derive_bases
from scoped_images.bases.derived_base import PUBLIC_IMAGE, DerivedBase
from scoped_images.bases.package_options import PackageOptions, options_by_name
from scoped_images.bases.reach import Reach, find_workload, find_workloads, is_deployed
from scoped_images.errors import ScopedImagesError
from scoped_images.expect import expect, expect_items, expect_list
from scoped_images.platform import Platform
from scoped_images.workspace.cycles import find_cycle
from scoped_images.workspace.package import Package
from scoped_images.workspace.request import Request
from scoped_images.workspace.requirements import Requirements
from scoped_images.workspace.target import Target
from scoped_images.workspace.workspace import Workspace

# 100 packages take about a second.
_MANY = 100
# AWS documents that its images for Python have its SDK: docs.aws.amazon.com/lambda/latest/dg/python-image.html
_IN_LAMBDA_IMAGES = frozenset({"boto3", "botocore"})


@dataclass(frozen=True, kw_only=True)
class BaseGraph:
    """Base images and their needs, without cycles.

    declarations: by name, sorted.
    public_image: the image that the lowest derived bases are built from.
    warnings: about what the workloads depend on, what meets in their images, and packages that cannot be read.
    """

    declarations: Mapping[str, BaseDeclaration]
    public_image: str = PUBLIC_IMAGE
    warnings: tuple[str, ...] = ()
    # The workloads that they were derived for, and what these depend on; None for bases declared by hand.
    _reach: Reach | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(cls, declarations: Iterable[BaseDeclaration]) -> BaseGraph:
        """Check that names are unique, that every need is declared, and that there is no cycle."""
        given = sorted(
            expect_items("bases", declarations, BaseDeclaration), key=lambda declaration: declaration.name
        )
        by_name = {declaration.name: declaration for declaration in given}
        for declaration in given:
            if by_name[declaration.name] is not declaration:
                raise ScopedImagesError(
                    f"bases: each must have a name of its own, got {declaration.name!r} twice; rename one"
                )
            for need in declaration.needs:
                if need not in by_name:
                    raise ScopedImagesError(
                        f"bases: {declaration.name!r} needs an unknown base, got {need!r}; known are "
                        f"{', '.join(by_name)}"
                    )
        cycle = find_cycle({name: declaration.needs for name, declaration in by_name.items()})
        if cycle:
            raise ScopedImagesError(
                f"bases: must not need each other in a cycle, got {' → '.join(cycle)}; remove one of these needs"
            )
        return cls(declarations=by_name)

    @classmethod
    def from_workspace(
        cls,
        root: str | Path,
        *,
        workloads: Sequence[str | Path] | None = None,
        declared: Iterable[BaseDeclaration] = (),
        packages: Sequence[str] | None = None,
        exclude: Sequence[str] = (),
        public_image: str = PUBLIC_IMAGE,
        python: str | None = None,
        platforms: Sequence[Platform] = (),
        package_options: Iterable[PackageOptions] = (),
        workload_bases: bool = False,
        dockerfile: str | Path | None = None,
    ) -> BaseGraph:
        """Derive a base for each package that a workload depends on, in addition to the declared ones.

        workloads: names of packages, or folders below `root` that hold them; by default every package that no
            other one depends on.
        declared: bases declared by hand. One with the name of a package replaces that package's base.
        packages: folders that hold packages, or patterns of them. Defaults to the members of the root's uv workspace,
            else every folder below the root.
        exclude: patterns of folders to skip.
        public_image: that the lowest bases are built from: a Lambda image or another with Python and pip.
        python: its Python version, such as `3.13`. Defaults to what its tag says.
        platforms: of the derived bases. Defaults to the environment's.
        package_options: what to know about building packages beyond their own files.
        workload_bases: whether a workload with third-party requirements has a base of its own that installs them.
        dockerfile: of the derived bases; by default the library's own. See docs/bases.md.
        """
        expect_list("platforms", platforms)
        expect("workload_bases", workload_bases, bool, "use True or False")
        by_hand = expect_items("declared", declared, BaseDeclaration)
        options = options_by_name(package_options)
        parsed = tuple(Platform.parse(platform, name="platforms") for platform in platforms)
        target = Target.of_image(_expect_image(public_image), python=python, platforms=parsed)
        workspace = Workspace.read(root, packages=packages, exclude=exclude)
        reach = Reach(workspace, find_workloads(workspace, workloads, target), target)
        derived = derive_bases(
            reach,
            declared=[declaration.name for declaration in by_hand],
            options=options,
            public_image=public_image,
            workload_bases=workload_bases,
            dockerfile=dockerfile,
        )
        _refuse_unknown_options(options, derived)
        if len(derived) > _MANY and sys.stderr.isatty():
            # Synth shows nothing else until all of them are read.
            sys.stderr.write(f"scoped-images: reading {len(derived)} packages of {workspace.root}\n")
        needs = {f"workload {package.name!r}": reach.cover(package.name) for package in reach.workloads}
        versions, modules = version_conflicts(derived, needs), module_conflicts(derived, needs)
        declarations = []
        for base in derived:
            context = base.context()
            conflicts = (*versions[base.name], *modules[base.name])
            context = dataclasses.replace(context, warnings=(*context.warnings, *conflicts))
            declarations.append(
                BaseDeclaration(
                    name=base.name,
                    context=context,
                    needs=base.needs,
                    platforms=base.platforms or parsed,
                    derived=base,
                )
            )
        graph = dataclasses.replace(
            cls.of((*by_hand, *declarations)),
            public_image=public_image,
            warnings=(
                *_unknown(reach, public_image),
                *(_unreadable(workspace) if workloads is None else ()),
                *(warning for found in (versions, modules) for name in needs for warning in found[name]),
            ),
        )
        object.__setattr__(graph, "_reach", reach)
        return graph

    @property
    def workspace(self) -> Workspace | None:
        """Return the workspace that bases were derived from."""
        return self._reach.workspace if self._reach else None

    @property
    def workloads(self) -> tuple[Package, ...]:
        """Return the workloads that bases were derived for, sorted by name."""
        return self._reach.workloads if self._reach else ()

    def order(self) -> tuple[BaseDeclaration, ...]:
        """Return every base after the bases that it needs, in one order whatever order they were given in."""
        # Names that are ready at once keep the order in which they were added.
        sorter = TopologicalSorter(dict.fromkeys(sorted(self.declarations), ()))
        for name, declaration in sorted(self.declarations.items()):
            sorter.add(name, *sorted(declaration.needs))
        return tuple(self.declarations[name] for name in sorter.static_order())

    def needs_of(self, workload: str | Path) -> tuple[str, ...]:
        """Return the bases that a package, given by name or folder, is built from; it is built FROM the first."""
        reach, package = self._reach_of(workload)
        own = self.declarations.get(package.name)
        if own is not None and own.derived is not None and not own.derived.installs_packages:
            return (package.name,)
        needs = reach.needs_of(package.name)
        for need in needs:
            if need not in self.declarations:
                raise ScopedImagesError(
                    f"workloads: {need!r}, which {str(workload)!r} needs, has no base, got bases "
                    f"{', '.join(self.declarations) or '()'}; add {str(workload)!r} to workloads="
                )
        return needs

    def requirements_of(self, workload: str | Path) -> Requirements:
        """Return the third-party packages that a workload itself requires, from its lock file, for its own image.

        Its bases have what the packages of the repository require. Warns of versions that differ from theirs.
        """
        reach, package = self._reach_of(workload)
        own = DerivedBase(
            name=package.name,
            packages=(package,),
            reach=reach,
            needs=reach.cover(package.name),
            installs_packages=False,
        )
        conflicts = version_conflicts([*self._derived_below(reach, package), own])[own.name]
        return dataclasses.replace(own.requirements, warnings=(*own.requirements.warnings, *conflicts))

    def missing_from(self, workload: str | Path) -> tuple[str, ...]:
        """Return the third-party packages that a workload declares and none of its bases installs, sorted by name.

        Empty if that is not known: without a workspace, with a base that is declared by hand, and without a lock file,
        because pip then chooses what it installs.
        """
        if self._reach is None:
            return ()
        reach, package = self._reach_of(workload)
        bases = self._derived_below(reach, package)
        unknown = package.name in self.declarations or len(bases) < len(reach.below(package.name))
        unlocked = any(base.requirements.lines and not base.requirements.complete for base in bases)
        if not bases or unknown or unlocked:
            return ()
        installed = {line.name for base in bases for line in base.requirements.lines}
        if "lambda/python" in self.public_image:
            installed |= _IN_LAMBDA_IMAGES
        request = Request(workspace=reach.workspace, package=package, target=reach.target)
        return tuple(sorted({dependency.name for dependency in request.third_party} - installed))

    def _derived_below(self, reach: Reach, package: Package) -> list[DerivedBase]:
        declared = (each for name, each in self.declarations.items() if name in reach.below(package.name))
        return [each.derived for each in declared if each.derived is not None]

    def _reach_of(self, workload: str | Path) -> tuple[Reach, Package]:
        """Return what the workloads depend on, and a package, which becomes one of them if it is not."""
        if self._reach is None:
            raise ScopedImagesError(
                f"workload: must be of a workspace that the bases are derived from, got {str(workload)!r}; use "
                "BaseGraph.from_workspace, or name the base yourself"
            )
        workspace = self._reach.workspace
        package = find_workload(workspace, workload)
        for known in self._reach.workloads:
            if known.folder == package.folder:
                return self._reach, known
        return Reach(workspace, (*self._reach.workloads, package), self._reach.target), package


def _unknown(reach: Reach, public_image: str) -> Iterator[str]:
    """Yield warnings about what is not checked, because only the image or a build backend knows it."""
    if not reach.target.python:
        yield (
            f"public_image: the Python version of {public_image!r} is not known, so that neither requires-python nor "
            "lock files are checked; pass python="
        )
    for package in reach.packages.values():
        if package.unknown_dependencies:
            lock = reach.workspace.locks.nearest(package)
            if lock is None or lock.entry_at(package.folder) is None:
                yield (
                    f"workspace: {package.declared_in} has dynamic dependencies, which only its build backend knows, so "
                    f"that bases for {package.name!r} may be missing; declare them in its [project] table, or lock it"
                )


def _unreadable(workspace: Workspace) -> Iterator[str]:
    for folder, error in workspace.unreadable.items():
        if is_deployed(workspace, folder):
            yield f"{error}; until then its package is not a workload"


def _expect_image(image: object) -> str:
    if not isinstance(image, str) or not re.fullmatch(r"\S+", image):
        raise ScopedImagesError(
            f"public_image: must be the name of an image, got {image!r}; use one such as {PUBLIC_IMAGE!r}"
        )
    return image


def _refuse_unknown_options(options: Mapping[str, PackageOptions], derived: Iterable[DerivedBase]) -> None:
    names = [package.name for base in derived for package in base.packages]
    for name in options:
        if name not in names:
            raise ScopedImagesError(
                f"package_options: must be for a package that a workload depends on, got {name!r}; use one of "
                f"{', '.join(names) or 'none'}"
            )
