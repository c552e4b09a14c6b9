"""The declaration of one base image, by hand or derived from a package."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scoped_images.bases.derived_base import DerivedBase, name_in_build
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError
from scoped_images.expect import expect, expect_list
from scoped_images.platform import Platform


@dataclass(frozen=True, kw_only=True)
class BaseDeclaration:
    """One base image: its build context and the bases that it is built from.

    name: lower-case letters, digits and dashes; part of the names of its repository and its stack.
    context: a context, or a function from a platform to one if the files depend on the platform.
    needs: names of other bases. The image is built FROM the first; `COPY --from=base-<name>` reads the others.
    platforms: by default the environment's platform.
    derived: the package it was derived from; None for a base declared by hand.
    """

    name: str
    context: ScopedContext | Callable[[Platform], ScopedContext]
    needs: tuple[str, ...] = ()
    platforms: tuple[Platform, ...] = ()
    build_args: Mapping[str, str] = field(default_factory=dict)
    build_secrets: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    derived: DerivedBase | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise ScopedImagesError(
                f"name of a base image: must be lower-case letters and digits with single dashes between, got "
                f"{self.name!r}; use a name such as 'shared-data'"
            )
        if not callable(self.context):
            do = "use ScopedContext.of(directory), or a function from a platform to one"
            expect(f"context of base image {self.name!r}", self.context, ScopedContext, do)
        for option in ("needs", "platforms"):
            expect_list(f"{option} of base image {self.name!r}", getattr(self, option))
        for option, do in (
            ("build_args", "use values by name, {'VERSION': '1'}"),
            ("build_secrets", "use 'src=<path>' or 'env=<variable>' by id"),
        ):
            if not isinstance(getattr(self, option), Mapping):
                # Without the value: it may be a secret.
                got = type(getattr(self, option)).__name__
                raise ScopedImagesError(
                    f"{option} of base image {self.name!r}: must be Mapping, got {got}; {do}"
                )
        if self.target is not None:
            expect(f"target of base image {self.name!r}", self.target, str, "use the name of a stage")
        object.__setattr__(self, "needs", tuple(self.needs))
        platforms = tuple(
            Platform.parse(platform, name=f"platforms of base image {self.name!r}")
            for platform in self.platforms
        )
        object.__setattr__(self, "platforms", platforms)
        for each in self.needs:
            if self.needs.count(each) > 1:
                raise ScopedImagesError(
                    f"needs of base image {self.name!r}: must name each base once, got {each!r} twice; remove one"
                )

    @property
    def base(self) -> str | None:
        """Return the name of the base that it is built FROM; None for the Dockerfile's own default."""
        return self.needs[0] if self.needs else None

    @property
    def named_bases(self) -> dict[str, str]:
        """Return the other bases, by the names that its Dockerfile copies from."""
        return {name_in_build(name): name for name in self.needs[1:]}
