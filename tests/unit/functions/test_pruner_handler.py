"""The pruner's handler: settings from its environment, a report and metrics to its log."""

from __future__ import annotations

import json

import pytest

from scoped_images.functions.pruner import index
from tests.unit.pruning.account_model import Account, tag
from tests.unit.pruning.damaged_answers import Damage
from tests.unit.pruning.model_calls import ModelCalls, settings_of


class Context:
    """The part of Lambda's context that the handler uses."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """Three images, of which nothing uses any."""
    account = Account()
    account.push_many(3)
    monkeypatch.setattr(index, "AwsCalls", lambda _region, **options: ModelCalls(account, **options))
    monkeypatch.setenv("PRUNER_SETTINGS", settings_of(account).to_text())
    return account


def test_the_handler_prints_a_report_and_metrics(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = index.handler({}, Context())
    report, metrics = map(json.loads, capsys.readouterr().out.splitlines())
    assert answer["images"] == {"kept": 1, "selected": 2, "archived": 0, "deleted": 2, "spared": 0, "left": 0}
    assert (report["mode"], report["outcome"]) == ("delete", "done")
    assert report["kept"][0]["why"] == "among the newest 1"
    assert [image["tags"] for image in report["deleted"]] == [[tag(1)], [tag(0)]]
    assert report["bytes_freed"] == answer["bytes_freed"] == 2
    assert (metrics["ImagesDeleted"], metrics["Failed"], metrics["Environment"]) == (2, 0, "test")
    described = metrics["_aws"]["CloudWatchMetrics"][0]
    assert described["Namespace"] == "ScopedImages/ImagePruner"
    assert {metric["Name"] for metric in described["Metrics"]} <= metrics.keys()


def test_a_failed_run_is_reported_measured_and_raised(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.damage = Damage("list_functions", 0, 0, "error")
    with pytest.raises(index.PruningFailed, match="lambda list_functions in eu-west-1"):
        index.handler({}, Context())
    report, metrics = map(json.loads, capsys.readouterr().out.splitlines())
    assert (report["outcome"], metrics["Failed"]) == ("failed", 1)
