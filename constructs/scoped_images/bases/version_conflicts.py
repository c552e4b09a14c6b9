"""Finds packages that two bases of one image pin to different versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

from scoped_images.bases.derived_base import DerivedBase
from scoped_images.workspace.pins import read_pins


def version_conflicts(bases: Sequence[DerivedBase]) -> dict[str, tuple[str, ...]]:
    """Return warnings by the name of the base, one for each two versions of a package that meet in an image.

    The lowest base in which two versions meet has the warning. Pins with a marker are ignored, because the two may never
    be installed together.
    """
    needs = {base.name: base.needs for base in bases}
    pins = {
        base.name: {pin.name: pin.version for pin in read_pins(base.requirements.text) if pin.always}
        for base in bases
    }
    below: dict[str, set[str]] = {}
    warnings: dict[str, list[str]] = {base.name: [] for base in bases}
    reported: set[tuple[str, str, str]] = set()
    for name in sorted(needs, key=lambda name: (len(_below(needs, name, below)), name)):
        for under, over in _meetings(needs, name, below):
            for package, version in sorted(pins[over].items()):
                other = pins[under].get(package, version)
                if other != version and (package, *sorted((version, other))) not in reported:
                    reported.add((package, *sorted((version, other))))  # type: ignore[arg-type]
                    warnings[name].append(
                        f"base image {name!r} has {package}=={version} of {over!r} over {package}=={other} of {under!r}, "
                        "whose metadata stays; lock both together"
                    )
    return {name: tuple(found) for name, found in warnings.items()}


def _meetings(
    needs: Mapping[str, Sequence[str]], name: str, found: dict[str, set[str]]
) -> Iterator[tuple[str, str]]:
    """Yield the pairs of bases that meet in this one, the lower one first."""
    for under in sorted(_below(needs, name, found)):
        yield under, name
    brought = [{need, *_below(needs, need, found)} for need in needs[name] if need in needs]
    for first, second in combinations(brought, 2):
        yield from product(sorted(first - second), sorted(second - first))


def _below(needs: Mapping[str, Sequence[str]], name: str, found: dict[str, set[str]]) -> set[str]:
    if name not in found:
        # What a base declared by hand installs is unknown.
        direct = [need for need in needs[name] if need in needs]
        found[name] = set(direct).union(*(_below(needs, need, found) for need in direct))
    return found[name]
