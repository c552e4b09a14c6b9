"""With `archive_days`, an unused image goes to ECR's archive first, and `prune --undo` restores it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scoped_images.pruning.report import Report
from scoped_images.pruning.run import prune
from scoped_images.pruning.run_id import RunId
from scoped_images.pruning.undo import archived_by, restore
from tests.unit.pruning.account_model import NOW, Account, Key, digest, tag, uri
from tests.unit.pruning.damaged_answers import Damage, aws_error
from tests.unit.pruning.model_calls import ModelCalls, settings_of, why
from tests.unit.pruning.model_calls import run as run_with

ARCHIVES = {"archive_days": 90}


@pytest.fixture
def account() -> Account:
    """Four images, the newest of which stays for being that."""
    account = Account()
    account.push_many(4)
    return account


def run(account: Account, **changes: Any) -> Report:
    return run_with(account, limits=ARCHIVES, **changes)


def key(number: int) -> Key:
    return "app", digest(number)


def archive(account: Account, number: int, *, days: float) -> None:
    account.images[key(number)] |= {"imageStatus": "ARCHIVED", "lastArchivedAt": NOW - timedelta(days=days)}


def test_unused_images_are_archived_and_not_deleted(account: Account) -> None:
    report = run(account)
    assert (report.problems, account.archived, account.deleted) == ([], [key(2), key(1), key(0)], [])
    assert report.to_json()["images"]["archived"] == report.metrics()["ImagesArchived"] == 3


def test_a_dry_run_archives_nothing(account: Account) -> None:
    assert [image.key for image in run(account, delete=False).selected] == [key(2), key(1), key(0)]
    assert account.archived == []


def test_an_archived_image_is_deleted_after_its_stay(account: Account) -> None:
    archive(account, 0, days=89)
    archive(account, 1, days=90)
    report = run(account)
    assert (account.deleted, account.archived) == ([key(1)], [key(2)])
    assert why(report)[tag(0)] == "archived for less than 90 days"


def test_an_archived_image_that_is_in_use_stays_and_is_a_problem(account: Account) -> None:
    account.functions["f"] = {"$LATEST": (uri("app", 0), uri("app", 0))}
    archive(account, 0, days=200)
    report = run(account)
    assert report.problems == [f"app@{digest(0)} is ARCHIVED, but in use by lambda f:$LATEST; restore it"]
    assert (account.deleted, account.archived) == ([], [key(2), key(1)])


def test_archived_images_are_none_of_the_newest(account: Account) -> None:
    """Nothing can pull them, so they do not take the place of one that can be pulled."""
    archive(account, 3, days=1)
    reasons = why(run(account))
    assert reasons[tag(2)] == "among the newest 1"
    assert reasons[tag(3)] == "archived for less than 90 days"


def test_an_image_from_the_archive_stays_as_long_as_a_new_one(account: Account) -> None:
    for number, hours in ((0, 23), (1, 25)):
        account.images[key(number)] |= {"lastActivatedAt": NOW - timedelta(hours=hours)}
    assert why(run(account))[tag(0)] == "restored from the archive less than 1 days ago"
    assert account.archived == [key(2), key(1)]


def test_an_image_that_is_being_restored_stays(account: Account) -> None:
    account.images[key(0)] |= {"imageStatus": "ACTIVATING"}
    assert why(run(account))[tag(0)] == "status ACTIVATING"


def test_a_pruner_without_an_archive_keeps_archived_images(account: Account) -> None:
    archive(account, 0, days=500)
    report = run_with(account)
    assert why(report)[tag(0)] == "archived, and this pruner does not delete from the archive"
    assert account.deleted == [key(2), key(1)]


def test_an_index_is_archived_before_its_children(account: Account) -> None:
    account.push("app", 10, days=520)
    account.push("app", 11, tag(11), days=510, children=(10,))
    run(account)
    assert account.archived.index(key(11)) < account.archived.index(key(10))


def test_beside_an_archived_index_that_stays_nothing_is_removed(account: Account) -> None:
    """ECR does not return its manifest, so every image may be one of its children."""
    account.push("app", 11, "v1", children=(0,))
    archive(account, 11, days=500)
    report = run(account)
    assert account.removed() == set()
    assert why(report)[tag(0)] == "may be part of index v1, which is archived and cannot be read"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("ImageNotFoundException", "done"), ("ImageStorageClassUpdateNotSupportedException", "failed")],
)
def test_an_image_that_ecr_cannot_archive_does_not_stop_the_others(
    account: Account, monkeypatch: pytest.MonkeyPatch, code: str, outcome: str
) -> None:
    real = account.update_image_storage_class

    def refuse(**parameters: Any) -> Any:
        if parameters["imageId"]["imageDigest"] == digest(1):
            raise aws_error(code)
        return real(**parameters)

    monkeypatch.setattr(account, "update_image_storage_class", refuse)
    report = run(account)
    assert account.archived == [key(2), key(0)]
    assert [(image.key, reason) for image, reason in report.spared] == [(key(1), code)]
    assert report.outcome == outcome


def test_a_denied_archive_ends_the_run(account: Account) -> None:
    account.damage = Damage("update_image_storage_class", 0, 0, "error")
    report = run(account)
    assert (report.outcome, len(report.left)) == ("failed", 3)
    assert account.calls.count("update_image_storage_class") == 1


def test_time_that_runs_out_leaves_the_rest_for_the_next_run(account: Account) -> None:
    report = run(account, seconds_left=lambda: 10.0 if account.archived else 1000.0)
    assert (report.outcome, account.archived) == ("out of time", [key(2)])
    assert [image.key for image in report.left] == [key(1), key(0)]


def test_undo_restores_what_a_run_has_archived_and_the_next_run_leaves_it(account: Account) -> None:
    archive(account, 0, days=30)
    run(account)
    archiving = settings_of(account, limits=ARCHIVES)
    found = archived_by(ModelCalls(account), archiving, RunId(NOW, 1))
    assert {image.key for image in found} == {key(1), key(2)}
    restore(ModelCalls(account), found)
    states = [account.images[key(number)]["imageStatus"] for number in (0, 1, 2)]
    assert states == ["ARCHIVED", "ACTIVATING", "ACTIVATING"]
    for number in (1, 2):
        account.images[key(number)]["imageStatus"] = "ACTIVE"
    del account.archived[:]
    report = prune(ModelCalls(account), archiving, now=NOW + timedelta(hours=12))
    assert account.archived == []
    assert why(report)[tag(1)] == "restored from the archive less than 1 days ago"


def test_a_run_s_name_says_when_it_was() -> None:
    report = Report(environment="dev", delete=True, started=1_795_662_000.25, seconds=41.2)
    assert str(report.run) == "20261126T030000Z-42"
    assert RunId.parse("20261126T030000Z-42") == RunId(datetime(2026, 11, 26, 3, tzinfo=UTC), 42)


@pytest.mark.parametrize(
    ("seconds", "included"), [(-301, False), (-300, True), (0, True), (360, True), (361, False)]
)
def test_a_run_includes_as_much_before_and_after_it_as_a_clock_may_be_off(
    seconds: int, *, included: bool
) -> None:
    assert RunId(NOW, 60).includes(NOW + timedelta(seconds=seconds)) is included
