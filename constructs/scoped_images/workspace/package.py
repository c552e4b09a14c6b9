"""A Python package of the repository, as its pyproject.toml declares it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scoped_images.errors import ScopedImagesError


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """One requirement of a package, and where it comes from if that is said.

    folder: of a package of this repository, by a path. member: by `workspace = true` of uv.
    elsewhere: what else the source is, `git` or `url` or a file's path; empty for a registry, and for a name alone.
    """

    requirement: Requirement
    folder: Path | None = None
    member: bool = False
    elsewhere: str = ""

    @property
    def name(self) -> str:
        """The normalised name."""
        return canonicalize_name(self.requirement.name)

    @property
    def extras(self) -> frozenset[str]:
        """The normalised names of the extras that are asked for."""
        return frozenset(canonicalize_name(extra) for extra in self.requirement.extras)


@dataclass(frozen=True, kw_only=True)
class Package:
    """name: normalised. folder: real and absolute. extras: by normalised name. tables: the whole pyproject.toml."""

    name: str
    folder: Path
    dependencies: tuple[Dependency, ...] = ()
    extras: Mapping[str, tuple[Dependency, ...]] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def pyproject(self) -> Path:
        """Its file."""
        return self.folder / "pyproject.toml"

    @property
    def has_unknown_dependencies(self) -> bool:
        """Whether its build backend makes them up: setuptools from a file, say. Poetry has them in its own table."""
        dynamic = self.tables.get("project", {}).get("dynamic", ())
        return "dependencies" in dynamic and "poetry" not in self.tables.get("tool", {})

    def requires(self, extras: Iterable[str]) -> tuple[Dependency, ...]:
        """What it depends on with these extras, without those that it asks of itself: `pkg[all]` in its own extras."""
        found = list(self.dependencies)
        for extra in sorted(self.expand(extras)):
            found += self.extras[extra]
        return tuple(dependency for dependency in found if dependency.name != self.name)

    def expand(self, extras: Iterable[str]) -> frozenset[str]:
        """These extras, and those that they name in turn."""
        expanded: set[str] = set()
        waiting = set(extras)
        while waiting:
            extra = waiting.pop()
            if extra not in self.extras:
                raise ScopedImagesError(
                    f"{self.name}[{extra}] is asked for, and {self.pyproject} has no such extra; it has: "
                    f"{', '.join(sorted(self.extras)) or 'none'}"
                )
            expanded.add(extra)
            for dependency in self.extras[extra]:
                if dependency.name == self.name:
                    waiting |= dependency.extras - expanded
        return frozenset(expanded)
