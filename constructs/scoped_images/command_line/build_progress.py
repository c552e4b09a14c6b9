"""Shows what each image of a build does, on a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import SpinnerColumn, TextColumn

from scoped_images.building.plan import BuildPlan
from scoped_images.command_line.progress import progress_bar
from scoped_images.printable import printable_line

_STEP_WIDTH = 60


@contextmanager
def build_progress(plan: BuildPlan) -> Iterator[Callable[[str, str], None]]:
    """Yield a function that shows the step a target has started."""
    columns = (SpinnerColumn(), TextColumn("{task.fields[image]}"), TextColumn("{task.description}"))
    with progress_bar(*columns) as progress:
        tasks = {
            target.name: progress.add_task("", total=None, image=escape(printable_line(target.image.name)))
            for target in plan.targets
        }

        def on_step(target: str, step: str) -> None:
            line = printable_line(step)
            shown = line if len(line) <= _STEP_WIDTH else f"{line[:_STEP_WIDTH]}…"
            progress.update(tasks[target], description=escape(shown))

        yield on_step
