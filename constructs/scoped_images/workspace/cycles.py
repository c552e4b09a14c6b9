"""Finds cycles in a graph of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter


def find_cycle(needs: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
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
