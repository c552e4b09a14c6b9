"""Finds cycles in a graph of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison

Name = TypeVar("Name", bound="SupportsRichComparison")


def find_cycle(needs: Mapping[Name, Iterable[Name]]) -> tuple[Name, ...]:
    """Return one cycle: each name precedes one that it needs, and the first name comes again at the end. Return () if
    there is no cycle.

    The cycle starts with the name that sorts first, so that one mistake has one message.
    """
    try:
        TopologicalSorter({name: sorted(needs[name]) for name in sorted(needs)}).prepare()
    except CycleError as error:
        # https://docs.python.org/3/library/graphlib.html: each is needed by the next one, the last is the first.
        circle = list(reversed(error.args[1]))[:-1]
        start = circle.index(min(circle))
        return (*circle[start:], *circle[:start], circle[start])
    return ()


def join_cycles(needs: Mapping[Name, Iterable[Name]]) -> dict[Name, tuple[Name, ...]]:
    """Return for each name the sorted names of all cycles that it is in, or only itself."""
    groups: dict[Name, tuple[Name, ...]] = {name: (name,) for name in needs}
    while True:
        joined = {
            groups[name][0]: {groups[need][0] for member in groups[name] for need in needs[member]}
            - {groups[name][0]}
            for name in needs
        }
        cycle = set(find_cycle(joined))
        if not cycle:
            return groups
        members = tuple(sorted({member for first in cycle for member in groups[first]}))
        groups |= dict.fromkeys(members, members)
