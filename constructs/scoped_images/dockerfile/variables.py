"""The variables that an instruction sees, and which of them nobody can know before the build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class UnknownVariableError(ValueError):
    """A variable has no value yet. name: the variable to give one."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True)
class Unknown:
    """A value that depends on a variable without a value. name: that variable."""

    name: str


Value = str | Unknown


@dataclass(frozen=True)
class Variables:
    """What `$NAME` stands for at one place of a Dockerfile.

    declared: names that an ARG declares, so that having no value means being unset.
    inherits: whether a base image, unread, may set more variables.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()
    inherits: bool = False

    def get(self, name: str) -> str | None:
        """Return the value, or None for a variable that is certainly unset; raises UnknownVariableError."""
        value = self.values.get(name)
        if isinstance(value, Unknown):
            raise UnknownVariableError(value.name)
        if value is None and self.inherits and name not in self.declared:
            raise UnknownVariableError(name)
        return value

    def require(self, name: str) -> str:
        """Return the value. BuildKit takes an unset variable for empty; here that is an error, never a guess."""
        value = self.get(name)
        if value is None:
            raise UnknownVariableError(name)
        return value

    def having(self, values: Mapping[str, Value], *, declared: str | None = None) -> Variables:
        """Return these variables with some set, or one declared, in addition."""
        names = self.declared | {declared} if declared else self.declared
        return Variables({**self.values, **values}, names, self.inherits)
