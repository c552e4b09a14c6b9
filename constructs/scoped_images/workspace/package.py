"""A Python package of the repository, as its own files declare it."""

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
    inexpressible: a version constraint of Poetry's that the requirement leaves out, because PEP 440 has no "or".
    """

    requirement: Requirement
    folder: Path | None = None
    member: bool = False
    elsewhere: str = ""
    inexpressible: str = ""

    @property
    def name(self) -> str:
        """Return the normalized name."""
        return canonicalize_name(self.requirement.name)

    @property
    def extras(self) -> frozenset[str]:
        """Return the normalized names of the requested extras."""
        return frozenset(canonicalize_name(extra) for extra in self.requirement.extras)

    @property
    def marker(self) -> str:
        """Return the marker, or an empty string."""
        return str(self.requirement.marker or "")


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package, or a workload that cannot be installed: a folder with requirements or only with files.

    name: normalized. folder: absolute, links resolved. file: the file that declares it.
    extras: by normalized name. tables: the whole pyproject.toml.
    version: None if only the build backend knows it. requires_python: copied from its file.
    unknown_dependencies: whether only the build backend knows what it depends on.
    is_package: whether it can be installed.
    """

    name: str
    folder: Path
    file: Path | None = None
    dependencies: tuple[Dependency, ...] = ()
    extras: Mapping[str, tuple[Dependency, ...]] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    version: str | None = None
    requires_python: str = ""
    unknown_dependencies: bool = False
    is_package: bool = True

    @property
    def declared_in(self) -> Path:
        """Return the file that declares the package."""
        return self.file or self.folder / "pyproject.toml"

    @property
    def declared(self) -> tuple[Dependency, ...]:
        """Return its dependencies with every extra."""
        return (*self.dependencies, *(each for extra in self.extras.values() for each in extra))

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
                if self.unknown_dependencies:
                    continue
                raise ScopedImagesError(
                    f"workspace: {self.declared_in} must declare the extras that others ask for, got "
                    f"{self.name}[{extra}]; it declares {', '.join(sorted(self.extras)) or 'none'}"
                )
            expanded.add(extra)
            for dependency in self.extras[extra]:
                if dependency.name == self.name:
                    waiting |= dependency.extras - expanded
        return frozenset(expanded)
