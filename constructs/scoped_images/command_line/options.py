"""Options that the commands share, and what they mean."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated

import typer

from scoped_images.errors import ScopedImagesError
from scoped_images.printable import printable_line

# Of the commands that read a deployed environment.
Region = Annotated[
    str | None,
    typer.Option(
        metavar="REGION",
        help="The AWS region of ENV.",
        show_default="that of ENV in cdk.json, else the AWS CLI's",
    ),
]
Graph = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.py:NAME",
        help="The BaseGraph of your app: a variable, or a function that returns it.",
        show_default="that of the packages below ROOT",
    ),
]
BaseName = Annotated[str, typer.Argument(metavar="NAME", help="The base image, such as receipt-dynamo.")]
BaseRepositoryName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The base image's repository.", show_default="base-NAME-ENV"),
]


def refuse_beside(option: str, value: str | None, *others: object) -> None:
    """Raise if an option is given with others whose values it decides."""
    if value is not None and any(others):
        raise ScopedImagesError(
            f"{option}: decides what other options would, got {value!r} with some of them; pass one or the others"
        )


def progress(what: str) -> AbstractContextManager[object]:
    """Show a sign of progress on a terminal."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console  # noqa: PLC0415 - a pipe does not need it
    from rich.text import Text  # noqa: PLC0415

    return Console(stderr=True).status(Text(printable_line(what)))


def pairs(option: str, form: str, values: Sequence[str]) -> dict[str, str]:
    """Split `NAME=VALUE`s."""
    taken = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not name or not equals:
            raise ScopedImagesError(f"{option}: must be {form}, got {value!r}")
        taken[name] = rest
    return taken
