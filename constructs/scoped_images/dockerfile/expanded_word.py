"""A word while its variables are expanded, and how large it may grow."""

from __future__ import annotations

from dataclasses import dataclass, field

from scoped_images.dockerfile.limits import MAX_EXPANSION_STEPS
from scoped_images.dockerfile.variables import Unknown, Value


class ExpansionError(ValueError):
    """The word is malformed, a `${NAME:?}` in it fails, or it grows too large."""


@dataclass
class Effort:
    """Counts the work of expanding all words of a Dockerfile."""

    steps: int = 0

    def spend(self, steps: int) -> None:
        """Count some steps; raises ExpansionError when they are too many."""
        self.steps += steps
        if self.steps > MAX_EXPANSION_STEPS:
            raise ExpansionError(
                "expanding the variables of this Dockerfile takes too long; shorten their values"
            )


@dataclass
class Pieces:
    """The parts of a word, which is unknown as a whole as soon as one part is."""

    effort: Effort
    max_length: int
    parts: list[str] = field(default_factory=list)
    unknown: Unknown | None = None
    length: int = 0

    def add(self, value: Value) -> None:
        """Add a part; raises ExpansionError when the word grows too long."""
        if isinstance(value, Unknown):
            self.unknown = self.unknown or value
            return
        self.length += len(value)
        if self.length > self.max_length:
            raise ExpansionError(
                f"a word grows beyond {self.max_length:,} characters by its variables; shorten their values"
            )
        self.parts.append(value)

    def joined(self) -> Value:
        """Return the word."""
        self.effort.spend(self.length)
        return self.unknown or "".join(self.parts)
