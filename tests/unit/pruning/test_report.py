"""The report names every image while it can, and always counts them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from scoped_images.pruning.image import Image
from scoped_images.pruning.report import Report, monthly_cost


def images(count: int, size: int = 1_000_000) -> list[Image]:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    return [
        Image(
            repository="team/some-repository-with-a-name",
            digest=f"sha256:{n:064x}",
            pushed_at=moment,
            size=size,
            tags=(f"{n:064x}",),
        )
        for n in range(count)
    ]


def test_reasons_are_counted_without_the_names_in_them() -> None:
    one, two, three = images(3)
    kept = [(one, "in use by lambda f:1"), (two, "in use by lambda f:2"), (three, "tag v1 is protected")]
    report = Report(environment="dev", delete=False, kept=kept).to_json()
    assert report["kept_why"] == {"team/some-repository-with-a-name": {"in use": 2, "tag": 1}}
    assert [image["why"] for image in report["kept"]] == [why for _, why in kept]


def test_a_very_long_report_fits_into_a_log_event() -> None:
    """CloudWatch takes 1 MB: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""
    many = images(50_000)
    report = Report(
        environment="prod",
        delete=True,
        outcome="failed",
        kept=[(image, "among the newest 30") for image in many],
        selected=many,
        deleted=many,
        left=many,
        spared=[(image, "in use by lambda f:1") for image in many],
    ).to_json()
    assert len(json.dumps(report)) < 1_000_000
    assert report["images"]["kept"] == 50_000
    assert "kept" not in report
    assert report["bytes_freed"] == 50_000 * 1_000_000


def test_a_gigabyte_costs_ten_cents_a_month() -> None:
    assert monthly_cost(5_000_000_000) == 0.5


def test_time_that_runs_out_does_not_hide_a_failure() -> None:
    report = Report(environment="dev", delete=True)
    report.run_out_of_time()
    assert report.metrics()["OutOfTime"] == 1
    report.fail("a batch was refused")
    report.run_out_of_time()
    assert (report.outcome, report.metrics()["Failed"]) == ("failed", 1)
