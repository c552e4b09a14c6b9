"""The measurements of benchmarks, and their file. Any Python can import it, since it needs no package."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

OURS = "scoped-images"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One figure of one subject in one case.

    part: of the benchmarks. quantity: what the values are, with their unit; the less, the better.
    load: processes that wanted to run in the minute before, by which a busy machine shows.
    """

    part: str
    case: str
    subject: str
    quantity: str
    values: tuple[float, ...]
    load: float

    @property
    def median(self) -> float:
        """The figure to quote."""
        return median(self.values)

    @property
    def is_ours(self) -> bool:
        """Whether the subject is the library."""
        return self.subject.startswith(OURS)

    def __str__(self) -> str:
        spread = (
            f" ({_short(min(self.values))} to {_short(max(self.values))})" if len(self.values) > 1 else ""
        )
        return f"{_short(self.median)}{spread}"


@dataclass
class Results:
    """The measurements of one run on one machine; each is printed when it is added."""

    machine: str
    scale: str
    measurements: list[Measurement] = field(default_factory=list)

    @classmethod
    def here(cls, scale: str) -> Results:
        """Start a run on this machine."""
        python = f"Python {platform.python_version()}"
        return cls(
            machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {python}", scale=scale
        )

    @classmethod
    def read(cls, file: Path) -> Results:
        """Read the file of `write`."""
        content: dict[str, Any] = json.loads(file.read_text())
        measurements = [
            Measurement(**{**each, "values": tuple(each["values"])}) for each in content["measurements"]
        ]
        return cls(machine=content["machine"], scale=content["scale"], measurements=measurements)

    def write(self, file: Path) -> None:
        """Write the run, and keep the other parts of an earlier run on the same scale."""
        measured = {each.part for each in self.measurements}
        kept = Results.read(file) if file.exists() else None
        if kept is not None and kept.scale == self.scale:
            self.measurements = [
                *(each for each in kept.measurements if each.part not in measured),
                *self.measurements,
            ]
        file.write_text(json.dumps(asdict(self), indent=1) + "\n")

    def add(self, part: str, case: str, subject: str, quantity: str, values: Sequence[float]) -> None:
        """Add one figure, and print it."""
        measured = Measurement(
            part=part,
            case=case,
            subject=subject,
            quantity=quantity,
            values=tuple(round(value, 4) for value in values),
            load=round(os.getloadavg()[0], 1),
        )
        self.measurements.append(measured)
        print(f"{part}: {case}: {subject}: {measured} {quantity}, load {measured.load}", flush=True)


def seconds_of(run: Callable[[], object]) -> float:
    """Return how long a function takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _short(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
