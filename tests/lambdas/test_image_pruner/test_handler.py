"""The handler: settings from its environment, a report and metrics to its log."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from scoped_images.functions.pruner import index as image_pruner
from tests.lambdas.test_image_pruner.account import Cloud, settings


class Context:
    """The part of Lambda's context that the handler uses."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def test_the_handler_prints_a_report_and_metrics(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.push_many(3)
    monkeypatch.setenv("PRUNER_SETTINGS", settings().to_text())
    answer = image_pruner.handler({}, Context())
    report, metrics = map(json.loads, capsys.readouterr().out.splitlines())
    assert answer["images"] == {"kept": 1, "selected": 2, "archived": 0, "deleted": 2, "spared": 0, "left": 0}
    assert (report["mode"], report["outcome"]) == ("delete", "done")
    assert report["kept"][0]["why"] == "among the newest 1"
    assert [image["tags"] for image in report["deleted"]] == [["sha-001"], ["sha-000"]]
    assert report["bytes_freed"] == sum(image["bytes"] for image in report["deleted"])
    assert metrics["ImagesDeleted"] == 2
    assert metrics["Failed"] == 0
    assert metrics["Environment"] == "test"
    described = metrics["_aws"]["CloudWatchMetrics"][0]
    assert described["Namespace"] == "ScopedImages/ImagePruner"
    assert {metric["Name"] for metric in described["Metrics"]} <= metrics.keys()


def test_a_failed_run_is_reported_measured_and_raised(
    cloud: Cloud, inject: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.push_many(3)

    def fail(_real: Any) -> Any:
        raise ConnectTimeoutError(endpoint_url="https://lambda")

    inject("ListFunctions", fail)
    monkeypatch.setenv("PRUNER_SETTINGS", settings().to_text())
    with pytest.raises(image_pruner.PruningFailed, match="lambda list_functions in eu-west-1"):
        image_pruner.handler({}, Context())
    report, metrics = map(json.loads, capsys.readouterr().out.splitlines())
    assert report["outcome"] == "failed"
    assert metrics["Failed"] == 1
