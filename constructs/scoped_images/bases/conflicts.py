"""Finds what two bases of one image have twice: packages in two versions, and modules with one name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product

from scoped_images.bases.derived_base import DerivedBase
from scoped_images.workspace.import_names import import_names

# What two bases clash about, and what a warning says of it.
_Clashes = Callable[[str, str], Iterator[tuple[object, str]]]


def version_conflicts(
    bases: Sequence[DerivedBase], workloads: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return warnings by the name of the image, one for each two versions of a package that meet in it.

    The lowest base in which two versions meet has the warning, else the first workload. Pins with a marker are ignored,
    because the two may never be installed together.

    workloads: the bases that each is built from, by what messages call the workload.
    """
    pins = {
        base.name: {
            line.name: line.version for line in base.requirements.lines if line.version and not line.marker
        }
        for base in bases
    }

    def clashes(under: str, over: str) -> Iterator[tuple[object, str]]:
        for package, version in sorted(pins[over].items()):
            other = pins[under].get(package, version)
            if other != version:
                yield (
                    (package, frozenset((version, other))),
                    f"{package}=={version} of {over!r} over {package}=={other} of {under!r}, whose metadata stays; lock "
                    "both together",
                )

    return _warned(bases, workloads or {}, clashes)


def module_conflicts(
    bases: Sequence[DerivedBase], workloads: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return warnings as version_conflicts does, one for each two packages that have a module of one name."""
    owned = {
        base.name: sorted(
            (module, package.name) for package in base.installed for module in import_names(package)
        )
        for base in bases
    }

    def clashes(under: str, over: str) -> Iterator[tuple[object, str]]:
        for (module, first), (other, second) in product(owned[under], owned[over]):
            if module == other and first != second:
                yield (
                    (module, frozenset((first, second))),
                    f"a module {module!r} of {first!r} and another of {second!r}, whose files mix; rename one",
                )

    return _warned(bases, workloads or {}, clashes)


def _warned(
    bases: Sequence[DerivedBase], workloads: Mapping[str, Sequence[str]], clashes: _Clashes
) -> dict[str, tuple[str, ...]]:
    """Return the warnings of each image; each clash is reported once."""
    needs = {base.name: base.needs for base in bases}
    warnings: dict[str, list[str]] = {name: [] for name in (*needs, *workloads)}
    reported: set[object] = set()
    for name, under, over in _meetings(needs, workloads):
        for clash, text in clashes(under, over):
            if clash not in reported:
                reported.add(clash)
                subject = f"the image of {name}" if name in workloads else f"base image {name!r}"
                warnings[name].append(f"{subject} has {text}")
    return {name: tuple(found) for name, found in warnings.items()}


def _meetings(
    needs: Mapping[str, Sequence[str]], workloads: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str, str]]:
    """Yield each image with every two bases that meet in it: lower bases first, then workloads.

    A base also meets itself, because several packages may be in it.
    """
    below: dict[str, set[str]] = {}

    def with_below(name: str) -> set[str]:
        if name not in below:
            # What a base declared by hand installs is unknown.
            below[name] = {name}.union(*(with_below(need) for need in needs[name] if need in needs))
        return below[name]

    for name in (*sorted(needs, key=lambda name: (len(with_below(name)), name)), *sorted(workloads)):
        if name in needs:
            yield from ((name, under, name) for under in sorted(with_below(name)))
        brought = [with_below(need) for need in (needs.get(name) or workloads.get(name, ())) if need in needs]
        for first, second in combinations(brought, 2):
            # What both bring meets the rest in a lower base.
            yield from ((name, *pair) for pair in product(sorted(first - second), sorted(second - first)))
