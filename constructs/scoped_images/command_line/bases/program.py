"""The commands below `scoped-images bases`."""

from __future__ import annotations

import typer

from scoped_images.command_line.bases.refresh import refresh
from scoped_images.command_line.bases.restore import restore
from scoped_images.command_line.bases.show import show
from scoped_images.command_line.bases.update import update

bases = typer.Typer(help="Show, pin, refresh and restore base images.", no_args_is_help=True)
bases.command()(show)
bases.command()(refresh)
bases.command()(restore)
bases.command()(update)
