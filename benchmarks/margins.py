"""Wide margins that hold on any busy machine; `make bench-quick` fails beyond them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.results import OURS, Measurement


@dataclass(frozen=True)
class Margin:
    """The subject `ours` may take at most `times` what the subject `other` takes in the same case.

    case: part of the case's name.
    """

    part: str
    quantity: str
    ours: str
    times: float
    other: str
    case: str = ""


MARGINS = (
    # The subtracted start-up varies by more than one image takes.
    Margin("context", "seconds", OURS, 3, "stock, package folder", case="images"),
    Margin("each_image", "ms for each image", OURS, 2, "stock, package folder"),
    Margin("context", "MB in cdk.out", OURS, 1.1, "stock, package folder"),
    Margin("context", "seconds of CPU", OURS, 2, "stock, aws_ecr_assets and aws_lambda", case="import"),
    Margin("large_context", "seconds", f"{OURS}, find", 1, "docker build"),
    Margin("build", "seconds", f"{OURS}, CDK CLI", 1, "whole repository", case="handler"),
    Margin("build", "seconds", f"{OURS} build", 3, "docker buildx bake by hand", case="handler"),
    Margin("deploy", "seconds", f"{OURS} in it", 0.2, "whole deploy", case="without change"),
)
NOTHING = ("needless rebuilds", "missed rebuilds")


def broken_margins(measurements: Sequence[Measurement]) -> Iterator[str]:
    """Yield a line for each figure of the library that is beyond its margin."""
    found = {(each.part, each.quantity, each.case, each.subject): each for each in measurements}
    for each in measurements:
        if each.is_ours and each.quantity in NOTHING and each.median:
            yield f"{each.case}: {each.median:g} {each.quantity}, 0 allowed"
        for margin in MARGINS:
            if (margin.part, margin.quantity, margin.ours) != (each.part, each.quantity, each.subject):
                continue
            other = found.get((each.part, each.quantity, each.case, margin.other))
            if other is not None and margin.case in each.case and each.median > margin.times * other.median:
                yield (
                    f"{each.case}: {each.subject} takes {each} {each.quantity}, more than {margin.times:g} times "
                    f"{other} of {margin.other}"
                )
