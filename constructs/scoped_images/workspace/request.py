"""What an image asks of one package."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from scoped_images.workspace.package import Dependency, Package
from scoped_images.workspace.target import Target
from scoped_images.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Request:
    """A package with extras, for the environments of a target.

    extras: of the package. asked: the requested extras of every package. dependents: the packages that depend on it,
    whose lock files may have it.
    """

    workspace: Workspace
    package: Package
    target: Target
    extras: frozenset[str] = frozenset()
    asked: Mapping[str, Collection[str]] = field(default_factory=dict)
    dependents: tuple[Package, ...] = ()

    @cached_property
    def third_party(self) -> tuple[Dependency, ...]:
        """Return the dependencies that no base of the repository installs and that the target may need."""
        return self.third_party_of(self.package.requires(self.extras))

    def third_party_of(self, dependencies: Iterable[Dependency]) -> tuple[Dependency, ...]:
        """Return the same of other dependencies, such as those of one extra."""
        return tuple(
            each
            for each in dependencies
            if self.target.may_hold(each.marker) and self.workspace.local(self.package, each) is None
        )
