"""`scoped-images why`: the reason for one path."""

from __future__ import annotations

from typing import Annotated

import typer

from scoped_images.command_line.options import (
    BuildArg,
    BuildContext,
    File,
    Include,
    OfPlatform,
    Root,
    Target,
    progress,
    request,
)
from scoped_images.command_line.say import say
from scoped_images.context.explanation import explain


def why(
    *,
    root: Root = ".",
    file: File = None,
    path: Annotated[str, typer.Option(help="A path of ROOT, and relative to it.")],
    target: Target = None,
    build_arg: BuildArg = None,
    platform: OfPlatform = None,
    build_context: BuildContext = None,
    include: Include = None,
) -> None:
    """Tell why a path goes into the build context, or which rule leaves it out."""
    asked = request(
        root=root,
        file=file,
        target=target,
        build_arg=build_arg,
        platform=platform,
        build_context=build_context,
        include=include,
    )
    with progress(f"Reading {root}"):
        explanation = explain(asked, path)
    say(str(explanation))
