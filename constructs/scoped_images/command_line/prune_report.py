"""Prints the tables of `scoped-images prune`."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scoped_images.command_line.say import say
from scoped_images.ecr.tags import short_tag
from scoped_images.printable import printable_line
from scoped_images.pruning.image import ACTIVE, Image
from scoped_images.pruning.report import Report, monthly_cost


def print_report(report: Report) -> None:
    """Print the unused images, then the kept ones and why, each with its size and cost."""
    # For a pipe, wrap and cut nothing: grep and cut then see one image in one line.
    console = Console(width=None if sys.stdout.isatty() else 250, highlight=False)
    for name in report.missing:
        say(f"repository {name} does not exist")
    if report.selected:
        rows = [(image, _fate(report, image)) for image in report.selected]
        console.print(_table("unused", rows))
    if report.kept:
        console.print(_table("kept", sorted(report.kept, key=lambda one: (one[0].repository, one[1]))))
    size = sum(image.size for image in report.selected)
    console.print(
        f"{len(report.selected)} images are unused, up to {size / 1e9:.2f} GB and ${_cost(size)} a month; "
        f"{len(report.kept)} stay. Each image counts its shared layers, which ECR bills once."
    )


def _fate(report: Report, image: Image) -> str:
    if not report.archives:
        return "nothing uses it"
    return "nothing uses it: to archive" if image.status == ACTIVE else "archived for long enough: to delete"


def _table(title: str, rows: list[tuple[Image, str]]) -> Table:
    table = Table(
        "repository", "image", "pushed", title=title, title_justify="left", box=None, pad_edge=False
    )
    table.add_column("MB", justify="right")
    table.add_column("$/month", justify="right")
    table.add_column("why")
    for image, why in rows:
        cells = (
            image.repository,
            ", ".join(short_tag(tag) for tag in image.tags) or image.digest[:19],
            f"{image.pushed_at:%Y-%m-%d}",
            f"{image.size / 1e6:.1f}",
            _cost(image.size),
            why,
        )
        # Text, which holds no markup: `why` quotes names from AWS.
        table.add_row(*(Text(printable_line(cell)) for cell in cells))
    return table


def _cost(size: int) -> str:
    return f"{monthly_cost(size):.4f}"
