"""With `archive_days`, an unused image goes to ECR's archive first, and `prune --undo` restores it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import typer
from botocore.stub import Stubber

from scoped_images.command_line import prune_run
from scoped_images.command_line.prune import prune as command
from scoped_images.errors import ScopedImagesError
from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.ecr_images import list_images
from scoped_images.pruning.image import Image
from scoped_images.pruning.report import Report
from scoped_images.pruning.run import prune
from scoped_images.pruning.run_id import RunId
from scoped_images.pruning.undo import archived_by, restore
from tests.unit.pruning.account_model import NOW, Account, Key, digest, tag, uri
from tests.unit.pruning.damaged_answers import aws_error
from tests.unit.pruning.model_calls import ModelCalls, settings_of


@pytest.fixture
def account() -> Account:
    """Four images, the newest of which stays for being that."""
    account = Account()
    for number in range(4):
        account.push("app", number, tag(number), days=100 - number)
    return account


def run(account: Account, archive_days: int | None = 90, now: datetime = NOW, **changes: Any) -> Report:
    limits = {"archive_days": archive_days}
    return prune(ModelCalls(account), settings_of(account, limits=limits, **changes), now=now)


def key(number: int) -> Key:
    return "app", digest(number)


def archive(account: Account, number: int, *, days: float) -> None:
    account.images[key(number)] |= {"imageStatus": "ARCHIVED", "lastArchivedAt": NOW - timedelta(days=days)}


def why(report: Report) -> dict[str, str]:
    return {image.name: reason for image, reason in report.kept}


def test_unused_images_are_archived_and_not_deleted(account: Account) -> None:
    report = run(account)
    assert report.problems == []
    assert account.archived == [key(2), key(1), key(0)]
    assert account.deleted == []
    assert report.to_json()["images"]["archived"] == report.metrics()["ImagesArchived"] == 3


def test_a_dry_run_archives_nothing(account: Account) -> None:
    assert [image.key for image in run(account, delete=False).selected] == [key(2), key(1), key(0)]
    assert account.archived == []


def test_an_archived_image_is_deleted_after_its_stay(account: Account) -> None:
    archive(account, 0, days=89)
    archive(account, 1, days=90)
    report = run(account)
    assert account.deleted == [key(1)]
    assert account.archived == [key(2)]
    assert why(report)[tag(0)] == "archived for less than 90 days"


def test_an_archived_image_that_is_in_use_stays_and_is_a_problem(account: Account) -> None:
    account.functions["f"] = {"$LATEST": (uri("app", 0), uri("app", 0))}
    archive(account, 0, days=200)
    report = run(account)
    assert report.problems == [f"app@{digest(0)} is ARCHIVED, but in use by lambda f:$LATEST; restore it"]
    assert key(0) in account.images
    assert account.archived == [key(2), key(1)]


def test_archived_images_are_none_of_the_newest(account: Account) -> None:
    """Nothing can pull them, so they do not take the place of one that can be pulled."""
    archive(account, 3, days=1)
    report = run(account)
    assert why(report)[tag(2)] == "among the newest 1"
    assert why(report)[tag(3)] == "archived for less than 90 days"


def test_an_image_from_the_archive_stays_as_long_as_a_new_one(account: Account) -> None:
    for number, hours in ((0, 23), (1, 25)):
        account.images[key(number)] |= {"lastActivatedAt": NOW - timedelta(hours=hours)}
    report = run(account)
    assert why(report)[tag(0)] == "restored from the archive less than 1 days ago"
    assert account.archived == [key(2), key(1)]


def test_an_image_that_is_being_restored_stays(account: Account) -> None:
    account.images[key(0)] |= {"imageStatus": "ACTIVATING"}
    assert why(run(account))[tag(0)] == "status ACTIVATING"


def test_a_pruner_without_an_archive_keeps_archived_images(account: Account) -> None:
    archive(account, 0, days=500)
    report = run(account, archive_days=None)
    assert why(report)[tag(0)] == "archived, and this pruner does not delete from the archive"
    assert account.deleted == [key(2), key(1)]


def test_an_index_is_archived_before_its_children(account: Account) -> None:
    account.push("app", 10, days=120)
    account.push("app", 11, tag(11), days=110, children=(10,))
    run(account)
    assert account.archived.index(key(11)) < account.archived.index(key(10))


def test_beside_an_archived_index_that_stays_nothing_is_removed(account: Account) -> None:
    """ECR does not return its manifest, so every image may be one of its children."""
    account.push("app", 10, days=120)
    account.push("app", 11, "v1", days=110, children=(10,))
    archive(account, 11, days=500)
    report = run(account)
    assert account.archived == account.deleted == []
    assert why(report)[tag(0)] == "may be part of index v1, which is archived and cannot be read"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("ImageNotFoundException", "done"), ("ImageStorageClassUpdateNotSupportedException", "failed")],
)
def test_an_image_that_ecr_cannot_archive_does_not_stop_the_others(
    account: Account, code: str, outcome: str
) -> None:
    real = account.update_image_storage_class

    def refuse(**parameters: Any) -> Any:
        if parameters["imageId"]["imageDigest"] == digest(1):
            raise aws_error(code)
        return real(**parameters)

    account.update_image_storage_class = refuse  # type: ignore[method-assign,assignment]
    report = run(account)
    assert account.archived == [key(2), key(0)]
    assert [(image.key, reason) for image, reason in report.spared] == [(key(1), code)]
    assert report.outcome == outcome


def test_a_denied_archive_ends_the_run(account: Account) -> None:
    def deny(**_: Any) -> Any:
        raise aws_error("AccessDeniedException")

    account.update_image_storage_class = deny  # type: ignore[method-assign,assignment]
    report = run(account)
    assert report.outcome == "failed"
    assert account.calls.count("update_image_storage_class") == 1
    assert len(report.left) == 3


def test_time_that_runs_out_leaves_the_rest_for_the_next_run(account: Account) -> None:
    def seconds_left() -> float:
        return 10.0 if account.archived else 1000.0

    archiving = settings_of(account, limits={"archive_days": 90})
    report = prune(ModelCalls(account, seconds_left=seconds_left), archiving, now=NOW)
    assert (report.outcome, account.archived) == ("out of time", [key(2)])
    assert [image.key for image in report.left] == [key(1), key(0)]


def test_undo_restores_what_a_run_has_archived_and_the_next_run_leaves_it(account: Account) -> None:
    archive(account, 0, days=30)
    run(account)
    archiving = settings_of(account, limits={"archive_days": 90})
    found = archived_by(ModelCalls(account), archiving, RunId(NOW, 1))
    assert {image.key for image in found} == {key(1), key(2)}
    restore(ModelCalls(account), found)
    assert account.images[key(1)]["imageStatus"] == "ACTIVATING"
    assert account.images[key(0)]["imageStatus"] == "ARCHIVED"
    for number in (1, 2):
        account.images[key(number)]["imageStatus"] = "ACTIVE"
    del account.archived[:]
    report = run(account, now=NOW + timedelta(hours=12))
    assert account.archived == []
    assert why(report)[tag(1)] == "restored from the archive less than 1 days ago"


# The command


@pytest.fixture
def deployed(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The account, with the settings of a deployed function, for the command line."""

    @contextmanager
    def calls(_region: str | None, _env: str) -> Iterator[AwsCalls]:
        yield ModelCalls(account)

    account.pruner_settings = settings_of(account, limits={"archive_days": 90}, delete=False).to_text()
    monkeypatch.setattr(prune_run, "_calls", calls)
    return account


def prune_command(*arguments: str) -> Any:
    app = typer.Typer()
    app.command()(command)
    return app(args=["--env", "dev", *arguments], standalone_mode=False)


def test_the_command_archives_and_says_how_to_undo_it(
    deployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    prune_command("--apply", "--yes")
    assert set(deployed.archived) == {key(0), key(1), key(2)}
    *_, result, hint = capsys.readouterr().out.splitlines()
    assert result == "3 images archived, 0 images deleted, up to 0.00 GB freed, 0 spared."
    assert hint.startswith("To restore what this run archived: scoped-images prune --env dev --undo 20")
    for number in (0, 1, 2):
        deployed.images[key(number)]["lastArchivedAt"] = datetime.now(UTC)
    prune_command("--undo", hint.split()[-1], "--yes")
    assert capsys.readouterr().out == "3 images are being restored. ECR takes up to 20 minutes.\n"
    assert {deployed.images[key(number)]["imageStatus"] for number in (0, 1, 2)} == {"ACTIVATING"}


def test_undo_prints_json(deployed: Account, capsys: pytest.CaptureFixture[str]) -> None:
    archive(deployed, 1, days=0)
    prune_command("--undo", "20261120T000000Z-1", "--yes", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "run": "20261120T000000Z-1",
        "restored": [f"app@{digest(1)}"],
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--undo", "yesterday", "--yes"],
            "run: must be the name of a run, got 'yesterday'; copy it from a report, such as 20261126T031705Z-42",
        ),
        (
            ["--undo", "20260231T000000Z-1", "--yes"],
            "run: must be the name of a run, got '20260231T000000Z-1'; copy it from a report, such as "
            "20261126T031705Z-42",
        ),
        (
            ["--undo", "20200101T000000Z-1", "--yes"],
            "--undo: no image in the archive is from this run, got '20200101T000000Z-1'; see `run` in the pruner's "
            "report",
        ),
        (
            ["--undo", "20200101T000000Z-1", "--apply"],
            "--undo: not allowed with --apply, got both; run one after the other",
        ),
    ],
)
def test_a_mistake_is_named(deployed: Account, arguments: list[str], message: str) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        prune_command(*arguments)
    assert str(caught.value) == message


def test_a_run_s_name_says_when_it_was(account: Account) -> None:
    report = Report(environment="dev", delete=True, started=1_795_662_000.25, seconds=41.2)
    assert str(report.run) == "20261126T030000Z-42"
    assert RunId.parse("20261126T030000Z-42") == RunId(datetime(2026, 11, 26, 3, tzinfo=UTC), 42)


@pytest.mark.parametrize(
    ("seconds", "included"), [(-301, False), (-299, True), (0, True), (359, True), (361, False)]
)
def test_a_run_includes_as_much_before_and_after_it_as_a_clock_may_be_off(
    seconds: int, included: bool
) -> None:
    assert RunId(NOW, 60).includes(NOW + timedelta(seconds=seconds)) is included


# botocore's stubs check requests and answers against ECR's model: no emulator here has the archive.


class StubbedCalls(AwsCalls):
    """Calls of a real client whose answers a Stubber gives."""

    def __init__(self, client: Any) -> None:
        super().__init__("eu-west-1", session=boto3.Session("key", "secret"))
        self._client = client

    def client(self, service: str) -> Any:  # noqa: ARG002 - ECR only
        return self._client


def test_botocore_s_model_accepts_the_calls_of_the_archive() -> None:
    client = boto3.Session("key", "secret").client("ecr", region_name="eu-west-1")
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    detail = {
        "imageDigest": digest(1),
        "imagePushedAt": moment,
        "imageStatus": "ARCHIVED",
        "lastArchivedAt": moment,
        "lastActivatedAt": moment,
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
    }
    with Stubber(client) as stub:
        stub.add_response(
            "describe_images",
            {"imageDetails": [detail]},
            {"repositoryName": "app", "maxResults": 1000, "filter": {"imageStatus": "ANY"}},
        )
        stub.add_response(
            "update_image_storage_class",
            {"repositoryName": "app", "imageId": {"imageDigest": digest(1)}, "imageStatus": "ACTIVATING"},
            {
                "repositoryName": "app",
                "imageId": {"imageDigest": digest(1)},
                "targetStorageClass": "STANDARD",
            },
        )
        images = list_images(StubbedCalls(client), "app")
        assert images == [
            Image(
                repository="app",
                digest=digest(1),
                pushed_at=moment,
                status="ARCHIVED",
                archived_at=moment,
                restored_at=moment,
            )
        ]
        restore(StubbedCalls(client), images)
        stub.assert_no_pending_responses()
