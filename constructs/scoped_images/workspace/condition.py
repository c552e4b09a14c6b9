"""Combines the environment markers on the paths that lead to a dependency."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.markers import Marker


@dataclass(frozen=True)
class Condition:
    """An `or` of paths, each an `and` of markers. A path without markers always holds; no path at all never holds.

    No path includes all markers of another path, because it would add nothing.
    """

    ways: frozenset[frozenset[str]] = frozenset()

    @classmethod
    def when(cls, *markers: str) -> Condition:
        """Return the condition that all of these markers hold. Without markers it always holds."""
        return cls(frozenset({frozenset(markers)}))

    def __or__(self, other: Condition) -> Condition:
        ways = self.ways | other.ways
        return Condition(frozenset(way for way in ways if not any(shorter < way for shorter in ways)))

    def __and__(self, marker: str) -> Condition:
        return self if not marker else Condition() | Condition(frozenset(way | {marker} for way in self.ways))

    def __str__(self) -> str:
        """Render one marker; an empty string if the condition always holds."""
        if frozenset() in self.ways:
            return ""
        ways = sorted(sorted(way) for way in self.ways)
        texts = [" and ".join(_enclosed(marker, len(way) > 1) for marker in way) for way in ways]
        # `and` binds closer: https://packaging.python.org/en/latest/specifications/dependency-specifiers/
        text = " or ".join(f"({each})" if len(texts) > 1 and " and " in each else each for each in texts)
        return str(Marker(text))


def _enclosed(marker: str, among_others: bool) -> str:
    return f"({marker})" if among_others and " or " in marker else marker
