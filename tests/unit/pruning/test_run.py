"""One run: what it deletes and what it leaves, and what changes or fails while it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scoped_images.pruning.run import make_plan, prune
from tests.unit.pruning.account_model import HOST, NOW, Account, digest, tag, uri
from tests.unit.pruning.busy_account import busy_account, put
from tests.unit.pruning.damaged_answers import Damage
from tests.unit.pruning.model_calls import ModelCalls, run, settings_of, why

BASE_NAME = "org.opencontainers.image.base.name"
CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:c"}


@pytest.fixture
def account() -> Account:
    """Four images that nothing uses; the newest stays for being that."""
    account = Account()
    account.push_many(4)
    return account


def test_everything_goes_but_the_newest(account: Account) -> None:
    report = run(account)
    assert (report.outcome, report.problems, account.left()) == ("done", [], {3})
    assert (
        [image.key for image in report.deleted] == account.deleted == [("app", digest(n)) for n in (2, 1, 0)]
    )


def test_a_dry_run_deletes_nothing_and_says_what_would_go(account: Account) -> None:
    report = run(account, delete=False)
    assert [image.tags for image in report.selected] == [(tag(n),) for n in (2, 1, 0)]
    assert (report.deleted, report.left, account.deleted) == ([], [], [])


def test_a_repository_of_another_team_is_neither_read_nor_touched(account: Account) -> None:
    account.push_many(3, "theirs")
    run(account, repositories=("app",))
    assert account.repositories_asked == {"app"}
    assert account.left("theirs") == {0, 1, 2}


def test_a_deleted_repository_is_reported_and_the_others_are_pruned(account: Account) -> None:
    report = run(account, repositories=("gone", "app"))
    assert (report.missing, report.outcome, account.left()) == (["gone"], "done", {3})


# Bases


def on_base(account: Account, number: int, *, days: float, repository: str = "app") -> None:
    """Push an image whose annotations name an image of the repository `base` as its own base.

    ECR does not return the manifest of the archived image beside it.
    """
    account.push(repository, 51, days=days, imageStatus="ARCHIVED", lastArchivedAt=NOW)
    key = account.push(repository, 50, tag(50), days=days)
    # With annotations, no configuration is read.
    account.manifests[key] = {"annotations": {BASE_NAME: f"{HOST}/base:{tag(number)}"}, "config": CONFIG}


def test_the_base_named_in_a_kept_image_s_annotations_stays(account: Account) -> None:
    account.push_many(5, "base")
    on_base(account, 1, days=10)
    report = run(account, bases=None)
    assert account.left("base") == {1, 4}
    assert f"base of app:{tag(50)}" in why(report).values()


def with_configuration(account: Account, path: Path, content: str) -> Account:
    """Push five bases, and an image whose configuration has this content."""
    account.push_many(5, "base")
    key = account.push("app", 50, tag(50), days=10)
    account.manifests[key] = {"config": CONFIG}
    path.write_text(content)
    account.answers["ecr get_download_url_for_layer"] = {"downloadUrl": path.as_uri()}
    return account


def test_the_base_named_in_the_labels_of_a_kept_image_s_configuration_stays(
    account: Account, tmp_path: Path
) -> None:
    labels = {BASE_NAME: f"{HOST}/base:{tag(1)}"}
    content = json.dumps({"config": {"Labels": labels}})
    run(with_configuration(account, tmp_path / "config", content), bases=None)
    assert account.left("base") == {1, 4}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("?", "Expecting value: line 1 column 1 (char 0)"),
        ("[]", "cannot read its JSON, got []"),
        ('{"config": {"Labels": []}}', "cannot read Labels, got []"),
        ('{"config": [1]}', "cannot read Labels, got [1]"),
    ],
)
def test_a_configuration_that_cannot_be_read_deletes_nothing(
    account: Account, tmp_path: Path, content: str, problem: str
) -> None:
    report = run(with_configuration(account, tmp_path / "config", content), bases=None)
    assert report.problems == [f"an image of app in eu-west-1: {problem}"]
    assert account.removed() == set()


def test_a_configuration_that_cannot_be_downloaded_deletes_nothing(account: Account, tmp_path: Path) -> None:
    with_configuration(account, tmp_path / "config", "").answers["ecr get_download_url_for_layer"] = {
        "downloadUrl": (tmp_path / "none").as_uri()
    }
    report = run(account, bases=None)
    assert report.problems[0].startswith(
        "configuration sha256:c of app: <urlopen error [Errno 2] No such file"
    )
    assert account.removed() == set()


def test_the_base_of_an_image_in_a_repository_that_is_only_read_stays(account: Account) -> None:
    account.push_many(5, "base")
    on_base(account, 2, days=300)
    report = run(account, repositories=("base",), dependents=("app",), bases=None)
    # One more was pushed just before the one in use.
    assert account.left("base") == {1, 2, 4}
    assert "in use by images of app, built from it" in why(report).values()
    assert account.left("app") == {0, 1, 2, 3, 50, 51}


def test_a_missing_repository_of_dependents_deletes_nothing(account: Account) -> None:
    report = run(account, bases=None, dependents=("gone",))
    assert report.problems == ["dependents: no such repository, got 'gone'; correct or remove the name"]
    assert report.deleted == []


def test_without_a_base_to_delete_no_image_is_asked_for_its_base(account: Account) -> None:
    account.push("base", 9, tag(9))
    assert len(run(account, bases=("base",)).deleted) == 3
    assert "batch_get_image" not in account.calls


# Attachments


def test_an_untagged_signature_of_a_kept_image_stays(account: Account) -> None:
    """Only its manifest names its subject."""
    key = account.push("app", 50, days=90)
    account.manifests[key] = {"subject": {"digest": digest(3)}}
    assert why(run(account))[digest(50)[:19]] == f"attached to {tag(3)}"


# What changes during a run


def test_usage_is_read_after_the_images() -> None:
    """An image that is pushed and deployed while the run lists is in use, or is not listed."""
    account = busy_account()
    run(account, delete=False)
    last = len(account.calls) - account.calls[::-1].index("describe_images")
    assert account.calls.index("list_functions") >= last


def test_each_stale_look_is_repeated_before_the_next_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image of the second batch starts to be used after the first look of the deletion."""
    account = Account()
    account.push_many(160)
    clock = [0.0]
    monkeypatch.setattr("scoped_images.pruning.run.time.monotonic", lambda: clock[0])
    plan = make_plan(ModelCalls(account), settings_of(account), now=NOW)

    def after_the_first_batch(_answer: dict[str, Any]) -> None:
        clock[0] += 61.0
        account.functions["late"] = {"$LATEST": (f"{HOST}/app:{tag(0)}", uri("app", 0))}

    account.change("batch_delete_image", after_the_first_batch)
    report = prune(ModelCalls(account), settings_of(account), plan=plan, now=NOW)
    assert account.left() == {0, 159}
    assert report.spared == [(plan.selection.deleted[-1], "in use by lambda late:$LATEST")]


def test_a_look_that_is_fresh_serves_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    account.push_many(160)
    monkeypatch.setattr("scoped_images.pruning.run.time.monotonic", lambda: 0.0)
    run(account)
    assert account.calls.count("batch_delete_image") == 2
    assert account.calls.count("list_clusters") == 2


def test_an_image_that_vanishes_while_it_is_listed_is_listed_anew(account: Account) -> None:
    """Another run may delete it before this run has read its manifest."""
    key = account.push("app", 50, days=90)

    def vanish(number: int) -> None:
        if account.calls[-1:] == ["describe_images"] and number > 9:
            account.images.pop(key, None)

    account.before_call = vanish
    assert run(account).problems == []
    assert account.left() == {3}


def test_an_image_whose_manifest_never_comes_deletes_nothing(account: Account) -> None:
    account.push("app", 50, days=90)
    account.change("batch_get_image", put("images", []))
    report = run(account)
    assert report.problems == [f"ecr batch_get_image in eu-west-1: no manifest of app@{digest(50)}"]
    assert (account.deleted, account.calls.count("batch_get_image")) == ([], 3)


# Faults


def test_a_fault_in_the_second_look_deletes_nothing(account: Account) -> None:
    account.damage = Damage("list_clusters", 1, 0, "error")
    report = run(account)
    assert (report.outcome, account.deleted, account.calls.count("list_clusters")) == ("failed", [], 2)


def test_a_deletion_that_fails_is_reported_and_ends_the_run() -> None:
    account = Account()
    account.push_many(102)
    account.damage = Damage("batch_delete_image", 0, 0, "error")
    report = run(account)
    assert (report.outcome, report.deleted, len(report.left)) == ("failed", [], 101)
    assert "ecr batch_delete_image in eu-west-1: An error occurred" in report.problems[0]
    assert account.calls.count("batch_delete_image") == 1


@pytest.mark.parametrize(
    ("code", "outcome"), [("ImageReferencedByManifestList", "failed"), ("ImageNotFound", "done")]
)
def test_an_image_that_ecr_cannot_delete_does_not_stop_the_others(
    account: Account, code: str, outcome: str
) -> None:
    failure = {"imageId": {"imageDigest": digest(1)}, "failureCode": code, "failureReason": "because"}
    account.change("batch_delete_image", put("failures", [failure]))
    report = run(account)
    assert report.outcome == outcome
    assert [image.tags[0] for image in report.deleted] == [tag(2), tag(0)]
    assert [(image.tags[0], why) for image, why in report.spared] == [(tag(1), f"{code}: because")]


def test_a_mistake_in_the_library_does_not_end_the_run_without_its_report(account: Account) -> None:
    def mistake(_answer: Any) -> None:
        raise ZeroDivisionError("oops")

    account.change("list_clusters", mistake)
    assert run(account).problems == ["ZeroDivisionError: oops"]


def test_time_that_runs_out_stops_between_batches_and_says_what_is_left() -> None:
    account = Account()
    account.push_many(151)
    report = run(account, seconds_left=lambda: 10.0 if account.deleted else 1000.0)
    assert (report.outcome, len(report.deleted), len(report.left)) == ("out of time", 100, 50)
    assert len(account.left()) == 51


def test_time_that_is_up_before_anything_is_known_deletes_nothing(account: Account) -> None:
    report = run(account, seconds_left=lambda: 5.0)
    assert (report.outcome, account.left()) == ("failed", {0, 1, 2, 3})
    assert report.problems == ["ecr describe_images in eu-west-1: the run's time is up"]
