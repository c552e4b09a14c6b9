"""The table of `scoped-images prune`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from scoped_images.ecr.tags import short_tag

if TYPE_CHECKING:
    from scoped_images.pruning.image import Image
    from scoped_images.pruning.report import Report


def print_report(report: Report) -> None:
    """Print what would go, then what stays and why, each with its size and what it costs."""
    # Beside a pipe nothing is wrapped or cut: grep and cut see one image in one line.
    console = Console(width=None if sys.stdout.isatty() else 250, highlight=False)
    for name in report.missing:
        console.print(f"repository {name} does not exist")
    if report.selected:
        console.print(_table("goes", [(image, "nothing uses it") for image in report.selected]))
    if report.kept:
        console.print(_table("stays", sorted(report.kept, key=lambda one: (one[0].repository, one[1]))))
    size = sum(image.size for image in report.selected)
    console.print(
        f"{len(report.selected)} images would go, up to {size / 1e9:.2f} GB and ${_cost(size)} a month; "
        f"{len(report.kept)} stay. Layers that images share are counted in each, and billed once."
    )


def _table(title: str, rows: list[tuple[Image, str]]) -> Table:
    table = Table(
        "repository", "image", "pushed", title=title, title_justify="left", box=None, pad_edge=False
    )
    table.add_column("MB", justify="right")
    table.add_column("$/month", justify="right")
    table.add_column("why")
    for image, why in rows:
        table.add_row(
            image.repository,
            ", ".join(short_tag(tag) for tag in image.tags) or image.digest[:19],
            f"{image.pushed_at:%Y-%m-%d}",
            f"{image.size / 1e6:.1f}",
            _cost(image.size),
            why,
        )
    return table


def _cost(size: int) -> str:
    from scoped_images.pruning.report import monthly_cost  # noqa: PLC0415 - after boto3 was found

    return f"{monthly_cost(size):.4f}"
