"""Runs this project's app and writes the seconds that the library's own code took to the file in BENCH_OWN_SECONDS."""

from __future__ import annotations

import ast
import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
# The library loads a module when one of its names is first used, so the others cost the app nothing.
_NAMES = sorted(
    {
        alias.name
        for file in (_ROOT / "app.py", *_ROOT.glob("stacks/*.py"))
        for statement in ast.walk(ast.parse(file.read_text()))
        if isinstance(statement, ast.ImportFrom) and statement.module == "scoped_images"
        for alias in statement.names
    }
)


class Clock:
    """Adds up time in wrapped functions; a function that another one calls is counted with it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0

    def wrap(self, owner: type, name: str) -> None:
        """Count the time in a method of a class."""
        plain = vars(owner)[name]
        if isinstance(plain, classmethod):
            setattr(owner, name, classmethod(self.timed(plain.__func__)))
        else:
            setattr(owner, name, self.timed(plain))

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, whose time is counted."""

        @functools.wraps(function)
        def counted(*arguments: Any, **keywords: Any) -> Any:
            started = time.perf_counter()
            self._depth += 1
            try:
                return function(*arguments, **keywords)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.perf_counter() - started

        return counted


def main() -> None:
    """Import, wrap, run."""
    # What the app imports in any case.
    from aws_cdk import aws_ecr_assets, aws_ecs, aws_lambda  # noqa: F401, PLC0415

    clock = Clock()
    watch = clock.timed(_watch)
    watch(clock)
    from app import main as app  # noqa: PLC0415 - after the wrapping

    app()
    Path(os.environ["BENCH_OWN_SECONDS"]).write_text(str(clock.seconds))


def _watch(clock: Clock) -> None:
    import scoped_images  # noqa: PLC0415 - importing it counts
    from scoped_images.cdk.app.image_watch import ImageWatch  # noqa: PLC0415

    for name in _NAMES:
        public = getattr(scoped_images, name)
        if isinstance(public, type):
            for attribute, value in list(vars(public).items()):
                own = isinstance(value, classmethod) or (callable(value) and not isinstance(value, type))
                if own and (attribute == "__init__" or not attribute.startswith("_")):
                    clock.wrap(public, attribute)
    clock.wrap(ImageWatch, "visit")
    clock.wrap(ImageWatch, "validate")


if __name__ == "__main__":
    main()
