"""Derives base images from the packages of a workspace: one for each package that a workload depends on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from scoped_images.bases.derived_base import PUBLIC_IMAGE, DerivedBase
from scoped_images.bases.package_options import PackageOptions
from scoped_images.bases.reach import Reach, find_workloads
from scoped_images.workspace.package import Package
from scoped_images.workspace.target import Target
from scoped_images.workspace.workspace import Workspace

_DEFAULT_TARGET = Target.of_image(PUBLIC_IMAGE, python=None)


def derive_bases(
    workspace: Workspace,
    *,
    workloads: Sequence[str | Path] | None = None,
    declared: Collection[str] = (),
    options: Mapping[str, PackageOptions] | None = None,
    public_image: str = PUBLIC_IMAGE,
    target: Target = _DEFAULT_TARGET,
    workload_bases: bool = False,
) -> tuple[DerivedBase, ...]:
    """Return a base for each package that a workload depends on, directly or indirectly, sorted by name.

    workloads: names of packages, or folders below the root; by default every package that no other one depends on.
    declared: the names of bases that are declared by hand. They replace the derived base of the same name.
    options: of the packages, by name.
    public_image: that the lowest bases are built from. target: what it runs.
    workload_bases: whether each workload with requirements has a base that installs them.
    """
    reach = Reach(workspace, find_workloads(workspace, workloads, target), target)
    shared = [
        base_for(reach, name, declared, options or {}, public_image)
        for name in reach.shared
        if name not in declared
    ]
    own = [
        base
        for package in reach.workloads
        if workload_bases and package.name not in declared and package.name not in reach.shared
        for base in (base_for(reach, package.name, declared, options or {}, public_image),)
        if base.requirements.text
    ]
    return tuple(sorted((*shared, *own), key=lambda base: base.name))


def base_for(
    reach: Reach,
    name: str,
    declared: Collection[str],
    options: Mapping[str, PackageOptions],
    public_image: str,
    *,
    members: tuple[Package, ...] | None = None,
) -> DerivedBase:
    """Return the base of shared packages, or the base of a workload, which installs only its requirements.

    members: its packages; by default those that depend on each other.
    """
    packages = members or reach.members(name) or (reach.packages[name],)
    return DerivedBase(
        name=name,
        packages=packages,
        workspace=reach.workspace,
        target=reach.target,
        public_image=public_image,
        needs=reach.cover(name),
        extras={package.name: reach.extras[package.name] for package in packages},
        asked=dict(reach.extras),
        asked_by=reach.asked_by(name),
        dependents=reach.dependents(name),
        declared_in=tuple(package.file for package in reach.around(name) if package.file is not None),
        from_derived=not reach.below(name) & set(declared),
        installs_packages=members is None and bool(reach.members(name)),
        options=tuple(options[package.name] for package in packages if package.name in options),
    )
