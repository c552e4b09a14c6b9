"""Shows progress on a terminal only."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import Progress, ProgressColumn, TimeElapsedColumn


def progress_bar(*columns: ProgressColumn) -> Progress:
    """Return a progress display on stderr with these columns and the time, which disappears at its end."""
    console = Console(stderr=True)
    # Not Console.is_terminal: FORCE_COLOR makes a terminal of a CI log.
    hidden = not sys.stderr.isatty()
    return Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=hidden)
