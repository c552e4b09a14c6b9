"""The options that say which context a command is about."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Concatenate, get_type_hints

import typer

from scoped_images.bases.derived_base import DerivedBase
from scoped_images.command_line.bases.load_graph import find_base
from scoped_images.command_line.options import Graph, pairs
from scoped_images.context.control_files import DOCKERFILE, find_dockerfile
from scoped_images.context.folder import existing_folder
from scoped_images.context.request import ContextRequest
from scoped_images.errors import ScopedImagesError

# The same on every machine: with the machine's own, a fingerprint made on a laptop would differ from CI's.
_PLATFORM = "linux/amd64"


@dataclass(frozen=True, kw_only=True)
class ContextOptions:
    """The context of a Dockerfile, or of a derived base image. Each field is an option."""

    root: Annotated[
        str, typer.Argument(metavar="ROOT", help="The folder that the Dockerfile's sources start from.")
    ] = "."
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            "-f",
            metavar="PATH",
            help="The Dockerfile: a path from ROOT, or from the current folder if ROOT has no such file.",
            show_default="ROOT/Dockerfile",
        ),
    ] = None
    target: Annotated[
        str | None, typer.Option(metavar="STAGE", help="The stage to build.", show_default="the last")
    ] = None
    build_arg: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="The value of an ARG. May be repeated.")
    ] = None
    platform: Annotated[str, typer.Option(metavar="PLATFORM", help="linux/amd64 or linux/arm64.")] = _PLATFORM
    build_context: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH",
            help="A folder, and the name that the Dockerfile has for it. May be repeated.",
        ),
    ] = None
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Files that no line of the Dockerfile names. May be repeated."),
    ] = None
    base: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A base image that is derived from a package, not a Dockerfile."),
    ] = None
    graph: Graph = None

    def derived(self, *others: object) -> DerivedBase | None:
        """Return the derived base image, if the options name one. others: the command's own, which it does not take."""
        dockerfile = (self.file, self.target, self.build_arg, self.build_context, self.include)
        return find_base(self.base, self.root, self.graph, *dockerfile, *others)

    def request(self) -> ContextRequest:
        """Return the request for the context of a Dockerfile."""
        return ContextRequest.of(
            self.root,
            self._dockerfile(),
            platform=self.platform,
            target=self.target or None,
            build_args=pairs("--build-arg", "NAME=VALUE", self.build_arg or ()),
            build_contexts=pairs("--build-context", "NAME=PATH", self.build_context or ()),
            include=self.include or (),
        )

    def _dockerfile(self) -> str | Path:
        """Resolve the path from the root, as ScopedContext does, or else from here, as `docker build --file` does."""
        if self.file is not None:
            in_root = Path(self.root, self.file).absolute()
            here = not os.path.lexists(in_root) and os.path.lexists(self.file)
            return Path(self.file).absolute() if here else in_root
        if not os.path.lexists(find_dockerfile(existing_folder(self.root), DOCKERFILE)):
            raise ScopedImagesError(
                f"--file: missing, and {self.root!r} has no Dockerfile; name one by its path from there"
            )
        return DOCKERFILE


def with_context_options(command: Callable[Concatenate[ContextOptions, ...], None]) -> Callable[..., None]:
    """Give a command the options of ContextOptions, before its own."""
    shared = inspect.signature(ContextOptions).parameters
    _options, *own = inspect.signature(command).parameters.values()

    @functools.wraps(command)
    def run(**options: Any) -> None:
        given = ContextOptions(**{name: options.pop(name) for name in shared})
        command(given, **options)

    # Typer reads these.
    hints = get_type_hints(ContextOptions, include_extras=True) | get_type_hints(command, include_extras=True)
    options = [each.replace(annotation=hints[each.name]) for each in (*shared.values(), *own)]
    run.__dict__["__signature__"] = inspect.Signature(options)
    run.__annotations__ = {each.name: each.annotation for each in options}
    return run
