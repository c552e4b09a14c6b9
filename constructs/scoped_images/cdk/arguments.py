"""Checks what a construct is given before jsii sees it, whose own complaint names neither the property nor a way out."""

from __future__ import annotations

from constructs import Construct

from scoped_images.errors import ScopedImagesError

# What users know a class of the library's own by.
_NAMES = {"AddressedRepository": "ImageRepository"}


def expect(scope: Construct, name: str, value: object, kind: type, hint: str) -> None:
    """Refuse a `value` of property `name` that is neither None nor a `kind`."""
    if value is not None and not isinstance(value, kind):
        takes = _NAMES.get(kind.__name__, kind.__name__)
        raise ScopedImagesError(
            f"{name} of {scope.node.path!r} is {type(value).__name__} {_short(value)}, and takes {takes}: {hint}"
        )


def expect_words(name: str, value: object) -> None:
    """Refuse a text where a sequence of words is meant: each of its letters would become a word."""
    if isinstance(value, str):
        raise ScopedImagesError(f"{name} is {value!r}, and takes a list of words: [{value!r}]")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
