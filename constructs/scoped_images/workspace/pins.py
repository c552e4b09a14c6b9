"""Reads the versions that a requirements file pins."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One pinned version. name: normalized. always: whether the pin has no marker."""

    name: str
    version: str
    always: bool


def read_pins(text: str) -> Iterator[Pin]:
    """Yield each pin `name==version` of a requirements file; ignore ranges."""
    for line in text.splitlines():
        requirement = _requirement(re.split(r"\s+(?:--|\\|#)", line)[0])
        if requirement is None:
            continue  # a hash, a comment or an option
        pinned = re.fullmatch(r"==([^*]+)", str(requirement.specifier))
        if pinned:
            yield Pin(
                name=canonicalize_name(requirement.name),
                version=pinned[1],
                always=requirement.marker is None,
            )


@functools.lru_cache(maxsize=10_000)
def _requirement(text: str) -> Requirement | None:
    # The bases of one workspace have most lines in common.
    if not text[:1].isalnum():
        return None
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def unmet(requirements: Iterable[Requirement], text: str) -> Iterator[tuple[Requirement, str]]:
    """Yield each requirement that no pinned version of its package meets, with the pinned versions."""
    versions: dict[str, list[str]] = {}
    for pin in read_pins(text):
        versions.setdefault(pin.name, []).append(pin.version)
    for requirement in requirements:
        found = versions.get(canonicalize_name(requirement.name), [])
        if found and not any(requirement.specifier.contains(version, prereleases=True) for version in found):
            yield requirement, " and ".join(found)
