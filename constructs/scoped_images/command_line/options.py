"""Options that the commands share, and what they mean."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from scoped_images.context.control_files import DOCKERFILE, find_dockerfile
from scoped_images.context.folder import existing_folder
from scoped_images.context.request import ContextRequest
from scoped_images.errors import ScopedImagesError
from scoped_images.printable import printable_line

DEFAULT_PLATFORM = "linux/amd64"

Root = Annotated[
    str, typer.Argument(metavar="ROOT", help="The folder that the Dockerfile's sources start from.")
]
File = Annotated[
    str | None,
    typer.Option(
        "--file",
        "-f",
        metavar="PATH",
        help="The Dockerfile: a path from ROOT, or from the current folder if ROOT has no such file.",
        show_default="ROOT/Dockerfile",
    ),
]
Target = Annotated[
    str | None, typer.Option(metavar="STAGE", help="The stage to build.", show_default="the last")
]
BuildArg = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="The value of an ARG. May be repeated.")
]
# The same on every machine: with the machine's own, a fingerprint made on a laptop would differ from CI's.
OfPlatform = Annotated[
    str | None,
    typer.Option(
        "--platform", metavar="PLATFORM", help="linux/amd64 or linux/arm64.", show_default=DEFAULT_PLATFORM
    ),
]
BuildContext = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=PATH", help="A folder, and the name that the Dockerfile has for it. May be repeated."
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Files that no line of the Dockerfile names. May be repeated."),
]
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
DerivedBaseName = Annotated[
    str | None,
    typer.Option(
        "--base", metavar="NAME", help="A base image that is derived from a package, not a Dockerfile."
    ),
]
BaseName = Annotated[str, typer.Argument(metavar="NAME", help="The base image, such as receipt-dynamo.")]
BaseRepositoryName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The base image's repository.", show_default="base-NAME-ENV"),
]


def request(
    *,
    root: str,
    file: str | None,
    target: str | None,
    build_arg: list[str] | None,
    platform: str | None,
    build_context: list[str] | None,
    include: list[str] | None,
) -> ContextRequest:
    """Return the request that the options describe."""
    return ContextRequest.of(
        root,
        _default_dockerfile(root) if file is None else _dockerfile(root, file),
        platform=platform or DEFAULT_PLATFORM,
        target=target or None,
        build_args=pairs("--build-arg", "NAME=VALUE", build_arg or ()),
        build_contexts=pairs("--build-context", "NAME=PATH", build_context or ()),
        include=include or (),
    )


def refuse_beside(option: str, value: str | None, *others: object) -> None:
    """Raise if an option is given with others that it decides too."""
    if value is not None and any(others):
        raise ScopedImagesError(
            f"{option}: says all of it, got {value!r} with other options; pass one or the other"
        )


def progress(what: str) -> AbstractContextManager[object]:
    """Show a sign of progress on a terminal."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console  # noqa: PLC0415 - a pipe does not need it
    from rich.text import Text  # noqa: PLC0415

    return Console(stderr=True).status(Text(printable_line(what)))


def _default_dockerfile(root: str) -> str:
    if not os.path.lexists(find_dockerfile(existing_folder(root), DOCKERFILE)):
        raise ScopedImagesError(
            f"--file: missing, and {root!r} has no Dockerfile; name one by its path from there"
        )
    return DOCKERFILE


def _dockerfile(root: str, file: str) -> Path:
    """Resolve the path from the root, as ScopedContext does, or else from here, as `docker build --file` does."""
    in_root = Path(root, file).absolute()
    return in_root if os.path.lexists(in_root) or not os.path.lexists(file) else Path(file).absolute()


def pairs(option: str, form: str, values: Sequence[str]) -> dict[str, str]:
    """Split `NAME=VALUE`s."""
    taken = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not name or not equals:
            raise ScopedImagesError(f"{option}: must be {form}, got {value!r}")
        taken[name] = rest
    return taken
