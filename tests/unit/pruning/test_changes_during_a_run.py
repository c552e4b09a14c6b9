"""What changes while a run looks at an account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from scoped_images.pruning.run import make_plan, prune
from tests.unit.pruning.account_model import HOST, NOW, Account, Service, digest, tag, uri
from tests.unit.pruning.busy_account import answers, busy_account, run, value
from tests.unit.pruning.damaged_answers import aws_error
from tests.unit.pruning.model_calls import ModelCalls, settings_of


@pytest.fixture
def account() -> Account:
    return busy_account()


def test_a_container_that_a_deployment_still_runs_keeps_its_image(account: Account) -> None:
    """The service itself already names the next task definition."""
    old, *_, new = account.family("web", [uri("app", 8)], *([[uri("app", 4)]] * 3))
    account.services.append(Service(name="web", deployed=[new, old], released=[]))
    run(account)
    assert ("app", digest(8)) in account.images


def test_a_task_set_keeps_its_image(account: Account) -> None:
    old, *_, new = account.family("web", [uri("app", 8)], *([[uri("app", 4)]] * 3))
    account.services.append(Service(name="web", deployed=[new, old], controller="CODE_DEPLOY"))
    run(account)
    assert ("app", digest(8)) in account.images


def test_usage_is_read_after_the_images(account: Account) -> None:
    """An image that is pushed and deployed while the run lists is in use, or is not listed."""
    run(account, delete=False)
    assert account.calls.index("list_functions") > max(
        place for place, call in enumerate(account.calls) if call == "describe_images"
    )


def test_each_stale_look_is_repeated_before_the_next_batch(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image of the second batch starts to be used after the first look of the deletion."""
    for number in range(100, 260):
        account.push("app", number, tag(number), days=300 - number / 10)
    clock = [0.0]
    monkeypatch.setattr("scoped_images.pruning.run.time.monotonic", lambda: clock[0])
    plan = make_plan(ModelCalls(account), settings_of(account), now=NOW)
    late = plan.selection.deleted[-1]
    number = int(late.digest.removeprefix("sha256:"), 16)

    def after_the_first_batch(answer: dict[str, Any]) -> None:
        clock[0] += 61.0
        account.functions["late"] = {"$LATEST": (f"{HOST}/app:{tag(number)}", uri("app", number))}

    answers(account, "batch_delete_image", after_the_first_batch)
    report = prune(ModelCalls(account), settings_of(account), plan=plan, now=NOW)
    assert late.key in account.images
    assert report.spared[0] == (late, "in use by lambda late:$LATEST")
    assert len(report.deleted) > 100


def test_a_look_that_is_fresh_serves_several_batches(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100, 260):
        account.push("app", number, tag(number), days=300 - number / 10)
    monkeypatch.setattr("scoped_images.pruning.run.time.monotonic", lambda: 0.0)
    run(account)
    assert account.calls.count("batch_delete_image") == 2
    assert account.calls.count("list_clusters") == 2


def test_an_untagged_signature_of_a_kept_image_stays(account: Account) -> None:
    """Only its manifest names its subject."""
    key = account.push("app", 50, days=90)

    def with_subject(answer: dict[str, Any]) -> None:
        answer["images"][0]["imageManifest"] = json.dumps({"subject": {"digest": digest(1)}})

    answers(account, "batch_get_image", with_subject)
    report = run(account)
    assert [why for image, why in report.kept if image.key == key] == [f"attached to {tag(1)}"]


def test_an_image_that_vanishes_while_it_is_listed_is_listed_anew(account: Account) -> None:
    """Another run may delete it before this run has read its manifest."""
    key = account.push("app", 50, days=90)

    def vanish(number: int) -> None:
        if account.calls[-1:] == ["describe_images"] and len(account.calls) > 9:
            account.images.pop(key, None)

    account.before_call = vanish
    report = run(account)
    assert report.problems == []


def test_an_image_whose_manifest_never_comes_deletes_nothing(account: Account) -> None:
    account.push("app", 50, days=90)
    answers(account, "batch_get_image", value([], "images"))
    report = run(account)
    assert report.problems == [f"ecr batch_get_image in eu-west-1: no manifest of app@{digest(50)}"]
    assert (account.deleted, account.calls.count("batch_get_image")) == ([], 3)


@pytest.mark.parametrize("code", ["AccessDeniedException", "InternalFailure"])
def test_a_change_set_whose_parameters_cannot_be_read_deletes_nothing(account: Account, code: str) -> None:
    def fail(_answer: dict[str, Any]) -> None:
        raise aws_error(code)

    answers(account, "describe_change_set", fail)
    assert code in run(account).problems[0]
    assert account.deleted == []


def test_a_repository_that_was_not_looked_at_keeps_its_signatures(account: Account) -> None:
    signature = account.push("signatures", 60, f"sha256-{999:064x}.sig", days=90)
    orphan = account.push("signatures", 61, f"sha256-{15:064x}.sig", days=90)
    report = run(account)
    assert signature in account.images
    assert f"attached to {digest(999)[:19]}, which is in no repository of this pruner" in [
        why for image, why in report.kept if image.key == signature
    ]
    # Its image was listed, and goes: it takes the signature along.
    assert orphan not in account.images


def test_a_young_archive_is_not_mistaken_for_an_old_image(account: Account) -> None:
    account.images["app", digest(0)] |= {"imageStatus": "ARCHIVED", "lastArchivedAt": NOW - timedelta(days=3)}
    run(account, limits={"archive_days": 4})
    assert ("app", digest(0)) not in account.deleted
