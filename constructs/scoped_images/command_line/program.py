"""Runs a command and reports a mistake in one line."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import scoped_images
from scoped_images.command_line.bases.refresh import refresh
from scoped_images.command_line.bases.restore import restore
from scoped_images.command_line.bases.show import show
from scoped_images.command_line.bases.update import update
from scoped_images.command_line.build import build
from scoped_images.command_line.context import context, why
from scoped_images.command_line.engine import engine
from scoped_images.command_line.prune import prune
from scoped_images.command_line.say import say
from scoped_images.command_line.watch import watch
from scoped_images.errors import ScopedImagesError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Show what a Dockerfile reads and why, build images, check the container engine, manage base images, and prune "
    "unused images.",
    epilog="Example: scoped-images context . --file api/Dockerfile",
)


def _print_version(given: bool) -> None:
    if given:
        say(scoped_images.__version__)
        raise typer.Exit


@app.callback()
def _program(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that belong to no command."""


# In the order in which a newcomer needs them, each with an example.
for command, example in (
    (context, "scoped-images context . --file api/Dockerfile"),
    (why, "scoped-images why . --file api/Dockerfile --path shared/models.py"),
    (engine, "cdk deploy --all $(scoped-images engine --cdk-options)"),
    (build, "scoped-images build --deploy-first --context env=dev"),
    (watch, "cdk synth --quiet && scoped-images watch --write"),
    (prune, "scoped-images prune --env dev"),
):
    app.command(epilog=f"Example: {example}")(command)
bases = typer.Typer(help="Show, pin, refresh and restore base images.", no_args_is_help=True)
for base_command, example in (
    (show, "scoped-images bases show . --workload services/api"),
    (update, "scoped-images bases update --check"),
    (refresh, "scoped-images bases refresh receipt-dynamo --env dev"),
    (restore, "scoped-images bases restore receipt-dynamo --env dev"),
):
    bases.command(epilog=f"Example: {example}")(base_command)
app.add_typer(bases, name="bases")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 for bad input; commands document others."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Do not fail on a file name that the terminal cannot encode.
            stream.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return app(args=given, prog_name="scoped-images", standalone_mode=False) or 0
    except typer.TyperException as error:
        # Typer's own box takes five lines. After the help of a command without arguments there is no message.
        if message := error.format_message().rstrip("."):
            say(f"scoped-images: {message}; see scoped-images --help", file=sys.stderr)
    except ScopedImagesError as error:
        say(f"scoped-images: {error}", file=sys.stderr)
    except OSError as error:
        # Such as a full disk, or a file that vanishes between two looks at it.
        place = f"cannot use {error.filename!r}: " if error.filename else ""
        say(f"scoped-images: {place}{error.strerror or error}", file=sys.stderr)
    return 2
