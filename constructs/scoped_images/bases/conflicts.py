"""Finds what two bases of one image have twice: packages in two versions, and modules with one name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

from scoped_images.bases.derived_base import DerivedBase
from scoped_images.workspace.import_names import import_names
from scoped_images.workspace.pins import read_pins


def version_conflicts(
    bases: Sequence[DerivedBase], workloads: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return warnings by the name of the image, one for each two versions of a package that meet in it.

    The lowest base in which two versions meet has the warning, else the first workload. Pins with a marker are ignored,
    because the two may never be installed together.

    workloads: the bases that each is built from, by what messages call the workload.
    """
    needs = {base.name: base.needs for base in bases}
    subjects = _subjects(bases, workloads or {})
    pins = {
        base.name: {pin.name: pin.version for pin in read_pins(base.requirements.text) if pin.always}
        for base in bases
    }
    warnings: dict[str, list[str]] = {image: [] for image in subjects}
    reported: set[tuple[str, str, str]] = set()
    for name, under, over in _meetings(needs, workloads or {}):
        for package, version in sorted(pins[over].items()):
            other = pins[under].get(package, version)
            if other != version and (package, *sorted((version, other))) not in reported:
                reported.add((package, *sorted((version, other))))  # type: ignore[arg-type]
                warnings[name].append(
                    f"{subjects[name]} has {package}=={version} of {over!r} over {package}=={other} of {under!r}, "
                    "whose metadata stays; lock both together"
                )
    return {name: tuple(found) for name, found in warnings.items()}


def module_conflicts(
    bases: Sequence[DerivedBase], workloads: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return warnings by the name of the image, one for each two packages that have a module of one name in it.

    The lowest base in which two of them meet has the warning, else the first workload.

    workloads: the bases that each is built from, by what messages call the workload.
    """
    subjects = _subjects(bases, workloads or {})
    owners: dict[str, dict[str, list[str]]] = {base.name: {} for base in bases}
    warnings: dict[str, list[str]] = {image: [] for image in subjects}
    for base in bases:
        for package in base.packages if base.installs_packages else ():
            for module in import_names(package):
                owners[base.name].setdefault(module, []).append(package.name)
    within = (
        (base.name, module, pair)
        for base in bases
        for module, packages in sorted(owners[base.name].items())
        for pair in combinations(packages, 2)
    )
    between = (
        (name, module, pair)
        for name, under, over in _meetings({base.name: base.needs for base in bases}, workloads or {})
        for module in sorted(owners[under].keys() & owners[over].keys())
        for pair in product(owners[under][module], owners[over][module])
    )
    reported: set[tuple[str, frozenset[str]]] = set()
    for name, module, (first, second) in (*within, *between):
        if (module, frozenset((first, second))) not in reported:
            reported.add((module, frozenset((first, second))))
            warnings[name].append(
                f"{subjects[name]} has a module {module!r} of {first!r} and another of {second!r}, whose files mix; "
                "rename one"
            )
    return {name: tuple(found) for name, found in warnings.items()}


def _subjects(bases: Sequence[DerivedBase], workloads: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return what messages call each image."""
    return {
        **{base.name: f"base image {base.name!r}" for base in bases},
        **{name: f"the image of {name}" for name in workloads},
    }


def _meetings(
    needs: Mapping[str, Sequence[str]], workloads: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str, str]]:
    """Yield each image with every two bases that meet in it: lower bases first, then workloads."""
    below: dict[str, set[str]] = {}
    for name in sorted(needs, key=lambda name: (len(_below(needs, name, below)), name)):
        yield from ((name, under, over) for under, over in _pairs(needs, name, below))
    for name in sorted(workloads):
        yield from ((name, under, over) for under, over in _brought(needs, workloads[name], below))


def _pairs(
    needs: Mapping[str, Sequence[str]], name: str, found: dict[str, set[str]]
) -> Iterator[tuple[str, str]]:
    for under in sorted(_below(needs, name, found)):
        yield under, name
    yield from _brought(needs, needs[name], found)


def _brought(
    needs: Mapping[str, Sequence[str]], direct: Sequence[str], found: dict[str, set[str]]
) -> Iterator[tuple[str, str]]:
    brought = [{need, *_below(needs, need, found)} for need in direct if need in needs]
    for first, second in combinations(brought, 2):
        yield from product(sorted(first - second), sorted(second - first))


def _below(needs: Mapping[str, Sequence[str]], name: str, found: dict[str, set[str]]) -> set[str]:
    if name not in found:
        # What a base declared by hand installs is unknown.
        direct = [need for need in needs[name] if need in needs]
        found[name] = set(direct).union(*(_below(needs, need, found) for need in direct))
    return found[name]
