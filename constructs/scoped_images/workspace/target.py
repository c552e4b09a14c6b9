"""The environments that images are built for: one Python version, on one or several platforms."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.markers import InvalidMarker, Marker, UndefinedComparison
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform

_MACHINES = {Platform.LINUX_AMD64: "x86_64", Platform.LINUX_ARM64: "aarch64"}
# Without a known version, whatever holds for one of these may hold.
_PYTHONS = tuple(f"3.{minor}" for minor in range(8, 16))
# A tag such as 3.13 or 3.12-slim names no patch version: what holds for one of these may hold.
_PATCHES = ("0", "99")
_MOST_PATCHES = 30  # of any Python so far


@dataclass(frozen=True)
class Target:
    """What an image runs on.

    python: such as `3.13`; None if it is not known.
    """

    python: str | None = None
    platforms: tuple[Platform, ...] = tuple(_MACHINES)

    @classmethod
    def of_image(cls, image: str, *, python: str | None, platforms: tuple[Platform, ...] = ()) -> Target:
        """Return the target of an image. The Python version is `python`, or comes from the image's tag."""
        if python is not None and not (isinstance(python, str) and re.fullmatch(r"\d+\.\d+", python)):
            raise ScopedImagesError(f"python: must be a version such as '3.13', got {python!r}")
        tag = re.search(r"python[^/]*:(\d+\.\d+)(?![\d])", image)
        return cls(python or (tag[1] if tag else None), platforms or tuple(_MACHINES))

    def simplify(self, marker: str, extras: frozenset[str] = frozenset()) -> str | None:
        """Return the part of a marker that is not certain: "" if it always holds, None if it never does.

        extras: the requested ones, which markers in a pylock.toml name.

        Raises ScopedImagesError for a marker that is not valid.
        """
        return _simplified(self, marker, extras) if marker else ""

    def may_hold(self, marker: object) -> bool:
        """Return whether a marker may hold; no marker always does."""
        return self.simplify(str(marker) if marker else "") is not None

    def runs(self, requires_python: str) -> bool:
        """Return whether the Python version may be one that is required, in PEP 440's or Poetry's words."""
        if not requires_python or self.python is None:
            return True
        versions = [f"{self.python}.{patch}" for patch in range(_MOST_PATCHES)]
        try:
            specifiers = SpecifierSet(requires_python)
        except InvalidSpecifier:
            from poetry.core.constraints.version import Version, parse_constraint  # noqa: PLC0415 - takes 0.3 s

            constraint = parse_constraint(requires_python)
            return any(constraint.allows(Version.parse(version)) for version in versions)
        return any(specifiers.contains(version, prereleases=True) for version in versions)

    def environments(self) -> Iterator[dict[str, str | frozenset[str]]]:
        """Yield the values of marker variables, for each environment that the target may be."""
        for platform in self.platforms:
            for python in (self.python,) if self.python else _PYTHONS:
                for patch in _PATCHES:
                    yield {
                        "python_version": python,
                        "python_full_version": f"{python}.{patch}",
                        "implementation_version": f"{python}.{patch}",
                        "implementation_name": "cpython",
                        "platform_python_implementation": "CPython",
                        "os_name": "posix",
                        "sys_platform": "linux",
                        "platform_system": "Linux",
                        "platform_machine": _MACHINES[platform],
                        "platform_release": "",
                        "platform_version": "",
                        "extra": "",
                        "dependency_groups": frozenset(),
                    }


@functools.lru_cache(maxsize=10_000)
def _simplified(target: Target, marker: str, extras: frozenset[str]) -> str | None:
    try:
        parsed = Marker(marker)
        held = {parsed.evaluate({**environment, "extras": extras}) for environment in target.environments()}
    except (InvalidMarker, UndefinedComparison) as error:
        raise ScopedImagesError(f"marker {marker!r}: is not valid: {error}") from None
    if held == {False}:
        return None
    return "" if held == {True} else str(parsed)
