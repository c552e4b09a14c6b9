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
    """One requirement of a package, and its source if one is declared.

    folder: the folder of a package in this repository, if the source is a path.
    member: whether the source is uv's `workspace = true`.
    elsewhere: any other source: `git`, `url` or the path of a file. Empty for a package index or no source.
    """

    requirement: Requirement
    folder: Path | None = None
    member: bool = False
    elsewhere: str = ""

    @property
    def name(self) -> str:
        """Return the normalized name."""
        return canonicalize_name(self.requirement.name)

    @property
    def extras(self) -> frozenset[str]:
        """Return the normalized names of the requested extras."""
        return frozenset(canonicalize_name(extra) for extra in self.requirement.extras)


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package.

    name: normalized. folder: absolute, links resolved. extras: by normalized name. tables: the whole pyproject.toml.
    """

    name: str
    folder: Path
    dependencies: tuple[Dependency, ...] = ()
    extras: Mapping[str, tuple[Dependency, ...]] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def pyproject(self) -> Path:
        """Return the path of its pyproject.toml."""
        return self.folder / "pyproject.toml"

    @property
    def has_unknown_dependencies(self) -> bool:
        """Return whether only the build backend knows its dependencies. Poetry's are in a table of its own."""
        dynamic = self.tables.get("project", {}).get("dynamic", ())
        return "dependencies" in dynamic and "poetry" not in self.tables.get("tool", {})

    def requires(self, extras: Iterable[str]) -> tuple[Dependency, ...]:
        """Return its dependencies with these extras, except on itself (`pkg[all]` in an extra of pkg)."""
        found = list(self.dependencies)
        for extra in sorted(self.expand(extras)):
            found += self.extras[extra]
        return tuple(dependency for dependency in found if dependency.name != self.name)

    def expand(self, extras: Iterable[str]) -> frozenset[str]:
        """Return these extras and the extras that they include."""
        expanded: set[str] = set()
        waiting = set(extras)
        while waiting:
            extra = waiting.pop()
            if extra not in self.extras:
                raise ScopedImagesError(
                    f"{self.name}[{extra}]: {self.pyproject} does not declare this extra; it declares: "
                    f"{', '.join(sorted(self.extras)) or 'none'}"
                )
            expanded.add(extra)
            for dependency in self.extras[extra]:
                if dependency.name == self.name:
                    waiting |= dependency.extras - expanded
        return frozenset(expanded)
