"""The variables that an instruction sees, and which of them are unknown before the build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scoped_images.platform import Platform


@dataclass(frozen=True)
class Unknown:
    """A value that depends on the variable `name`, which has no value."""

    name: str


Value = str | Unknown


@dataclass
class Variables:
    """What `$NAME` is at one place of a Dockerfile; an ARG or ENV changes it.

    declared: names that an ARG declares, so that having no value means being unset.
    inherits: whether a base image, unread, may set more variables.
    """

    values: dict[str, Value] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    inherits: bool = False

    def get(self, name: str) -> Value | None:
        """Return the value, or None for a variable that is certainly unset."""
        value = self.values.get(name)
        if value is None and self.inherits and name not in self.declared:
            return Unknown(name)
        return value

    def require(self, name: str) -> Value:
        """Return the value. BuildKit reads an unset variable as empty; here it is unknown, so that nothing is guessed."""
        value = self.get(name)
        return Unknown(name) if value is None else value

    def with_values(self, values: Mapping[str, Value]) -> Variables:
        """Return a copy with some variables set in addition."""
        return Variables({**self.values, **values}, set(self.declared), self.inherits)


def platform_variables(platform: Platform, *, target: str = "default") -> dict[str, Value]:
    """Return TARGETPLATFORM and its like; those of the builder's own platform are unknown."""
    system, architecture = platform.split("/")
    parts = {"PLATFORM": str(platform), "OS": system, "OSVERSION": "", "ARCH": architecture, "VARIANT": ""}
    return {
        **{f"TARGET{part}": value for part, value in parts.items()},
        "TARGETSTAGE": target,
        **{f"BUILD{part}": Unknown(f"BUILD{part}") for part in parts},
    }
