"""Derives base images from the packages of a workspace: one for each package that a workload depends on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from scoped_images.bases.derived_base import PUBLIC_IMAGE, DerivedBase
from scoped_images.bases.package_options import PackageOptions
from scoped_images.bases.reach import Reach


def derive_bases(
    reach: Reach,
    *,
    declared: Collection[str] = (),
    options: Mapping[str, PackageOptions] | None = None,
    public_image: str = PUBLIC_IMAGE,
    workload_bases: bool = False,
    dockerfile: str | Path | None = None,
) -> tuple[DerivedBase, ...]:
    """Return a base for each package that a workload depends on, directly or indirectly, sorted by name.

    declared: the names of bases that are declared by hand. They replace the derived base of the same name.
    options: of the packages, by name.
    public_image: that the lowest bases are built from.
    workload_bases: whether each workload with requirements has a base that installs them.
    dockerfile: of the bases.
    """
    workloads = (package.name for package in reach.workloads if workload_bases)
    bases: list[DerivedBase] = []
    for name in sorted({*reach.shared, *workloads} - set(declared)):
        members = reach.members(name)
        packages = members or (reach.packages[name],)
        base = DerivedBase(
            name=name,
            packages=packages,
            reach=reach,
            public_image=public_image,
            needs=reach.cover(name),
            from_derived=not reach.below(name) & set(declared),
            installs_packages=bool(members),
            dockerfile=dockerfile,
            options=tuple(options[each.name] for each in packages if options and each.name in options),
        )
        if members or base.requirements.lines:
            bases.append(base)
    return tuple(bases)
