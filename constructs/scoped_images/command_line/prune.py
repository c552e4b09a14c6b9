"""`scoped-images prune`: show what the deployed image pruner would do, do it, or undo it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from scoped_images.command_line.options import Region
from scoped_images.errors import ScopedImagesError


def prune(
    *,
    env: Annotated[str, typer.Option(metavar="ENV", help="The environment whose pruner to ask.")],
    region: Region = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Delete or archive the unused images, after a question.")
    ] = False,
    undo: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Restore the images that this run archived, after a question."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show which images the deployed image pruner would delete or archive, and why it keeps the others.

    Repositories, limits, regions and services are those of its function, image-pruner-ENV.
    """
    if apply and undo is not None:
        raise ScopedImagesError("--undo: not allowed with --apply, got both; run one after the other")
    if (apply or undo is not None) and not yes and not sys.stdin.isatty():
        option = "--apply" if apply else "--undo"
        raise ScopedImagesError(f"{option}: cannot ask, got a stdin that is not a terminal; pass --yes")
    # boto3 takes 0.2 s to import, and the other commands do without.
    from scoped_images.command_line.prune_run import run_pruner, undo_run  # noqa: PLC0415

    if undo is not None:
        undo_run(undo, env=env, region=region, yes=yes, as_json=as_json)
    else:
        run_pruner(env=env, region=region, apply=apply, yes=yes, as_json=as_json)
