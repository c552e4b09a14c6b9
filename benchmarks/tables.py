"""Renders measurements as Markdown tables, in which faster rivals are bold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.results import Measurement


def tables(measurements: Sequence[Measurement]) -> Iterator[str]:
    """Yield the lines of one table for each quantity: cases by subjects. Bold figures beat the library's."""
    for quantity in dict.fromkeys(each.quantity for each in measurements):
        cells = {(each.case, each.subject): each for each in measurements if each.quantity == quantity}
        subjects = list(dict.fromkeys(subject for _, subject in cells))
        yield from ("", f"| {quantity} | {' | '.join(subjects)} |", f"| --- |{' --- |' * len(subjects)}")
        for case in dict.fromkeys(case for case, _ in cells):
            row = [cells.get((case, subject)) for subject in subjects]
            ours = [each.median for each in row if each and each.is_ours]
            yield f"| {case} | {' | '.join(_cell(each, ours) for each in row)} |"


def _cell(measurement: Measurement | None, ours: Sequence[float]) -> str:
    if measurement is None:
        return ""
    # Figures within a twentieth count as equal.
    beats = not measurement.is_ours and bool(ours) and measurement.median < 0.95 * min(ours)
    return f"**{measurement}**" if beats else str(measurement)
