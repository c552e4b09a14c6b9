"""Checks a user's arguments where they are given: later mistakes end in tracebacks that do not name the property.

Dataclasses and functions call it. For constructs cdk/checked.py does the same by their annotations.

In all of the library, `expect_…` returns a value that has the right type or form, and raises for any other; `refuse_…`
raises for what cannot work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TypeVar

from scoped_images.errors import ScopedImagesError

Item = TypeVar("Item")


def expect(name: str, value: Item, kind: type | tuple[type, ...], do: str) -> Item:
    """Return `value`, which must be of a kind. do: what to do, such as `use ScopedContext.of(directory)`."""
    if not isinstance(value, kind):
        kinds = " or ".join(each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,)))
        raise ScopedImagesError(f"{name}: must be {kinds}, got {got(value)}; {do}")
    return value


def got(value: object) -> str:
    """Return a value of a wrong type as a message shows it."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    text = kind = type(value).__name__
    # The values of a mapping may be secrets, and an object without a text of its own shows only its address.
    if not isinstance(value, Mapping) and type(value).__repr__ is not object.__repr__:
        # The text is of the user's code.
        with suppress(Exception):
            text = repr(value)
    own = "" if value is None or text.startswith(kind) else f"{kind} "
    return f"{own}{text if len(text) <= 60 else f'{text[:57]}…'}"


def expect_list(name: str, value: Item) -> Item:
    """Return `value`, which must have items. Those of a text would be its letters."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ScopedImagesError(f"{name}: must be a list, got {value!r}; use [{value!r}]")
    return value


def expect_items(name: str, value: object, kind: type[Item]) -> tuple[Item, ...]:
    """Return the items of a list, each of which must be a `kind`."""
    do = f"use [{kind.__name__}(…)]"
    if isinstance(value, str | Mapping | kind) or not isinstance(value, Iterable):
        raise ScopedImagesError(
            f"{name}: must be a list of {kind.__name__}, got {type(value).__name__}; {do}"
        )
    items = tuple(value)
    for index, item in enumerate(items):
        expect(f"{name}[{index}]", item, kind, do)
    return items
