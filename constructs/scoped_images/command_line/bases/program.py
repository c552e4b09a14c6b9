"""The commands below `scoped-images bases`."""

from __future__ import annotations

import typer

bases = typer.Typer(help="Base images: what they stand on, and who stands on them.", no_args_is_help=True)
