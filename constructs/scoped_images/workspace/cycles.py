"""Finds out whether things depend on each other in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter


def find_cycle(needs: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return one circle, each name before one that it needs and the first one again at the end; () if there is none.

    It starts with the name that sorts first, so that one mistake has one message.
    """
    try:
        TopologicalSorter({name: sorted(needs[name]) for name in sorted(needs)}).prepare()
    except CycleError as error:
        # https://docs.python.org/3/library/graphlib.html: each is needed by the next one, the last is the first.
        circle = list(reversed(error.args[1]))[:-1]
        start = circle.index(min(circle))
        return (*circle[start:], *circle[:start], circle[start])
    return ()
