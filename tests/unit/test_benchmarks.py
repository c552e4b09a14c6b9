"""What `make bench` prints and keeps, from figures that are given here."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.margins import broken_margins
from benchmarks.results import OURS, Measurement, Results
from benchmarks.tables import tables


def measured(subject: str, *values: float, case: str = "1 image", part: str = "context") -> Measurement:
    return Measurement(part=part, case=case, subject=subject, quantity="seconds", values=values, load=1.0)


def test_a_table_has_medians_and_spread_and_marks_what_beats_the_library() -> None:
    slower, faster = measured("stock", 30.0, 20.0, 1000.0), measured("stock", 0.25, case="2 images")
    ours = [measured(OURS, 0.5), measured(OURS, 0.5, case="2 images")]
    assert list(tables([slower, *ours, faster])) == [
        "",
        "| seconds | stock | scoped-images |",
        "| --- | --- | --- |",
        "| 1 image | 30 (20 to 1,000) | 0.5 |",
        "| 2 images | **0.25** | 0.5 |",
    ]


def test_the_worse_of_two_ways_of_the_library_is_no_loss_of_the_better() -> None:
    ours = [measured(f"{OURS}, CDK CLI", 8.0), measured(f"{OURS} build", 1.5)]
    assert list(tables([*ours, measured("by hand", 1.45)]))[-1] == "| 1 image | 8 | 1.5 | 1.45 |"


def test_a_part_that_is_not_measured_again_keeps_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "results.json"
    first = Results.here("full")
    first.add("context", "1 image", OURS, "seconds", [1.0])
    first.add("build", "1 image", OURS, "seconds", [2.0])
    first.write(file)
    second = Results.here("full")
    second.add("build", "1 image", OURS, "seconds", [3.0, 4.0])
    second.write(file)
    assert [(each.part, each.values) for each in Results.read(file).measurements] == [
        ("context", (1.0,)),
        ("build", (3.0, 4.0)),
    ]
    assert "build: 1 image: scoped-images: 3.5 (3 to 4) seconds" in capsys.readouterr().out
    other_scale = Results.here("quick")
    other_scale.add("build", "1 image", OURS, "seconds", [5.0])
    other_scale.write(file)
    assert [each.part for each in Results.read(file).measurements] == ["build"]


def test_a_figure_beyond_its_margin_is_named() -> None:
    stock = [measured("stock, package folder", 2.0, case=f"{count} images") for count in (20, 50)]
    ours = [measured(OURS, 5.9, case="20 images"), measured(OURS, 6.5, case="50 images")]
    assert list(broken_margins([*stock, *ours])) == [
        "50 images: scoped-images takes 6.5 seconds, more than 3 times 2 of stock, package folder"
    ]


@pytest.mark.parametrize(("count", "broken"), [(0.0, []), (1.0, ["c: 1 missed rebuilds, 0 allowed"])])
def test_a_missed_rebuild_of_the_library_is_named(count: float, broken: list[str]) -> None:
    figures = [
        Measurement(
            part="rebuilds", case="c", subject=subject, quantity="missed rebuilds", values=(value,), load=1.0
        )
        for subject, value in (("stock, root", 53.0), (OURS, count))
    ]
    assert list(broken_margins(figures)) == broken
