"""What a pyproject.toml does not say about building a package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from scoped_images.errors import ScopedImagesError
from scoped_images.expect import expect_items, expect_list
from scoped_images.platform import Platform

# The names of Debian, Alpine and RPM packages; anything else could end the shell command that installs them.
_SYSTEM_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._:=~-]*")


@dataclass(frozen=True, kw_only=True)
class PackageOptions:
    """How the derived base of one package is built.

    name: of the package.
    version: of the package, if its build backend would ask git. Defaults to the lock file's.
    build_packages: system packages that compiling needs, such as `gcc`. They are not in the base.
    system_packages: system packages that the package needs when it runs, such as `libpq`. They are in the base.
    platforms: of the base. Defaults to those of all derived bases.
    """

    name: str
    version: str | None = None
    build_packages: tuple[str, ...] = ()
    system_packages: tuple[str, ...] = ()
    platforms: tuple[Platform, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ScopedImagesError(
                f"name of PackageOptions: must be the name of a package, got {self.name!r}; use that in its "
                "pyproject.toml"
            )
        object.__setattr__(self, "name", canonicalize_name(self.name))
        try:
            Version(self.version or "0")
        except (InvalidVersion, TypeError):
            raise ScopedImagesError(
                f"version of PackageOptions for {self.name!r}: must be a version, got {self.version!r}; use one such as "
                "'1.2.0'"
            ) from None
        for option in ("build_packages", "system_packages", "platforms"):
            given = getattr(self, option)
            expect_list(f"{option} of PackageOptions for {self.name!r}", given)
            object.__setattr__(self, option, tuple(given))
        for package in (*self.build_packages, *self.system_packages):
            if not isinstance(package, str) or not _SYSTEM_PACKAGE.fullmatch(package):
                raise ScopedImagesError(
                    f"system packages of PackageOptions for {self.name!r}: must be names of packages, got {package!r}; "
                    "use one such as 'libpq'"
                )
        platforms = (
            Platform.parse(each, name=f"platforms of PackageOptions for {self.name!r}")
            for each in self.platforms
        )
        object.__setattr__(self, "platforms", tuple(platforms))


def options_by_name(given: object) -> Mapping[str, PackageOptions]:
    """Return the options by the name of their package. Raises ScopedImagesError unless each name occurs once."""
    found: dict[str, PackageOptions] = {}
    for each in expect_items("package_options", given, PackageOptions):
        if each.name in found:
            raise ScopedImagesError(
                f"package_options: must be one for each package, got two for {each.name!r}; put both into one"
            )
        found[each.name] = each
    return found
