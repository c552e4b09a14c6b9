"""Finds packages that two bases of one image pin to different versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

from scoped_images.bases.derived_base import DerivedBase
from scoped_images.workspace.pins import read_pins
from scoped_images.workspace.requirements import Requirements


def version_conflicts(
    bases: Sequence[DerivedBase], requirements: Mapping[str, Requirements]
) -> dict[str, tuple[str, ...]]:
    """Return warnings by the name of the base, one for each package that it has in two versions.

    Pins with a marker are ignored, because the two may never be installed together.
    """
    needs = {base.name: base.needs for base in bases}
    pins = {
        name: {pin.name: pin.version for pin in read_pins(found.text) if pin.always}
        for name, found in requirements.items()
    }
    return {
        base.name: tuple(
            f"base image {base.name!r} has {package}=={version} of {over!r} over {package}=={pins[under][package]} of "
            f"{under!r}, whose metadata stays; lock both together"
            for under, over in _meetings(needs, base.name)
            for package, version in sorted(pins[over].items())
            if pins[under].get(package, version) != version
        )
        for base in bases
    }


def _meetings(needs: Mapping[str, Sequence[str]], name: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of bases that meet in this one, the lower one first."""
    for under in sorted(_below(needs, name)):
        yield under, name
    brought = [{need, *_below(needs, need)} for need in needs[name] if need in needs]
    for first, second in combinations(brought, 2):
        yield from product(sorted(first - second), sorted(second - first))


def _below(needs: Mapping[str, Sequence[str]], name: str) -> set[str]:
    # What a base declared by hand installs is unknown.
    direct = [need for need in needs[name] if need in needs]
    return set(direct).union(*(_below(needs, need) for need in direct))
