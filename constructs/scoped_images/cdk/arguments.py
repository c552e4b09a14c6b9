"""Checks the arguments of constructs before jsii does: jsii's errors name neither the property nor what to do."""

from __future__ import annotations

import re
from collections.abc import Callable

from aws_cdk import Stack
from constructs import Construct

from scoped_images.errors import ScopedImagesError
from scoped_images.image.build_options import BuildOptions

# The public names of classes.
_NAMES = {"AddressedRepository": "ImageRepository"}


def expect(scope: Construct, name: str, value: object, kind: type, hint: str) -> None:
    """Raise unless the `value` of property `name` is None or a `kind`."""
    _expect(lambda: f"{name} of {scope.node.path!r}", value, kind, hint)


def expect_options(scope: Construct, construct_id: str, options: object) -> None:
    """Raise unless the options of a construct that is not made yet are None or BuildOptions."""

    def what() -> str:
        path = f"{scope.node.path}/{construct_id}".removeprefix("/")
        return f"options of {path!r}"

    _expect(what, options, BuildOptions, "BuildOptions(build_args={'VERSION': '1'})")


def expect_environment_name(what: str, name: object) -> None:
    """Raise unless the name of an environment can be part of physical names."""
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", name):
        raise ScopedImagesError(
            f"{what}: must be usable in physical names, got {name!r}; use 1-20 lower-case letters, digits and dashes, a "
            "letter first"
        )


def expect_prefix(value: object) -> None:
    """Raise unless the names of stacks can begin with a value."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", value):
        raise ScopedImagesError(
            f"prefix: expected letters, digits and dashes, a letter first, got {value!r}; stack names allow no others"
        )


def expect_repositories(value: object) -> None:
    """Raise unless a value is the stack of repositories, or None."""
    if value is not None and not isinstance(value, Stack):
        raise ScopedImagesError(
            f"repositories: expected a Stack, got {value!r}; pass the stack to put the repositories into"
        )


def expect_words(name: str, value: object) -> None:
    """Raise if a sequence of words is text: each of its letters would become a word."""
    if isinstance(value, str):
        raise ScopedImagesError(f"{name}: must be a list of words, got {value!r}; use [{value!r}]")


def _expect(what: Callable[[], str], value: object, kind: type, hint: str) -> None:
    """Raise unless `value` is None or a `kind`. A construct's path takes calls to JavaScript: ask only for an error."""
    if value is not None and not isinstance(value, kind):
        expected = _NAMES.get(kind.__name__, kind.__name__)
        raise ScopedImagesError(
            f"{what()}: must be {expected}, got {type(value).__name__} {_short(value)}; use {hint}"
        )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
