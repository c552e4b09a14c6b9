"""`scoped-images prune`, with the settings of a deployed function and its account."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
import typer

from scoped_images.command_line import prune_run
from tests.unit.command_line.program import Command, Printed
from tests.unit.pruning.account_model import NOW, Account, digest, tag
from tests.unit.pruning.damaged_answers import Damage
from tests.unit.pruning.model_calls import ModelCalls, settings_of

Prune = Callable[..., Printed]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """Three images and the function that a deployment has left, in dry run."""
    account = Account()
    account.push_many(3)
    account.pruner_settings = settings_of(account, delete=False).to_text()

    class Calls(ModelCalls):
        def __init__(self, region: str, **options: Any) -> None:
            assert region == "eu-west-1"
            super().__init__(account, **options)

    monkeypatch.setattr(prune_run, "AwsCalls", Calls)
    return account


@pytest.fixture
def archiving(account: Account) -> Account:
    account.pruner_settings = settings_of(account, limits={"archive_days": 90}, delete=False).to_text()
    return account


@pytest.fixture
def prune(command: Command) -> Prune:
    return partial(command, "prune", "--env", "dev", "--region", "eu-west-1")


def test_shows_what_would_go_and_why_the_rest_stays(account: Account, prune: Prune) -> None:
    lines = [line.split() for line in prune().out.splitlines()]
    rows = [(line[1], " ".join(line[5:])) for line in lines if line and line[0] == "app"]
    shown = f"sha-{'0' * 12}…"
    assert rows == [(shown, "nothing uses it"), (shown, "nothing uses it"), (shown, "among the newest 1")]
    assert account.left() == {0, 1, 2}


def test_a_repository_that_does_not_exist_is_named(account: Account, prune: Prune) -> None:
    account.pruner_settings = settings_of(account, repositories=("gone", "app")).to_text()
    assert prune().out.startswith("repository gone does not exist\n")


def test_json_is_the_report_and_a_pipe_gets_no_progress_even_where_colors_are_forced(
    account: Account, prune: Prune, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    printed = prune("--json")
    report = json.loads(printed.out)
    assert report["images"] == {"kept": 1, "selected": 2, "archived": 0, "deleted": 0, "spared": 0, "left": 0}
    assert [image["tags"] for image in report["selected"]] == [[tag(1)], [tag(0)]]
    assert (printed.code, printed.err) == (0, "")


def test_apply_with_yes_deletes(account: Account, prune: Prune) -> None:
    assert (
        "0 images archived, 2 images deleted, up to 0.00 GB freed, 0 spared." in prune("--apply", "--yes").out
    )
    assert account.left() == {2}


def test_apply_asks_and_no_deletes_nothing(
    account: Account, prune: Prune, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(typer, "confirm", lambda question, **_: asked.append(question))
    assert prune("--apply").code == 0
    assert (asked, account.left()) == (["Delete 2 images?"], {0, 1, 2})


def test_apply_archives_and_says_how_to_undo_it(archiving: Account, prune: Prune) -> None:
    *_, result, hint = prune("--apply", "--yes").out.splitlines()
    assert {*archiving.archived} == {("app", digest(0)), ("app", digest(1))}
    assert result == "2 images archived, 0 images deleted, up to 0.00 GB freed, 0 spared."
    assert hint.startswith("To restore what this run archived: scoped-images prune --env dev --undo 20")
    for key in archiving.archived:
        archiving.images[key]["lastArchivedAt"] = datetime.now(UTC)
    restored = prune("--undo", hint.split()[-1], "--yes")
    assert restored.out == "2 images are being restored. ECR takes up to 20 minutes.\n"
    assert {archiving.images[key]["imageStatus"] for key in archiving.archived} == {"ACTIVATING"}


def test_undo_prints_json(archiving: Account, prune: Prune) -> None:
    archiving.images["app", digest(1)] |= {"imageStatus": "ARCHIVED", "lastArchivedAt": NOW}
    assert json.loads(prune("--undo", "20261120T000000Z-1", "--yes", "--json").out) == {
        "run": "20261120T000000Z-1",
        "restored": [f"app@{digest(1)}"],
    }


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "describe_stacks",
            "cannot tell what is in use, so nothing is selected: cloudformation describe_stacks in eu-west-1: ",
        ),
        (
            "get_function_configuration",
            "cannot read the settings of image-pruner-dev: lambda get_function_configuration in eu-west-1: ",
        ),
    ],
)
def test_a_call_that_fails_is_named_and_nothing_is_deleted(
    account: Account, prune: Prune, call: str, message: str
) -> None:
    account.damage = Damage(call, 0, 0, "error")
    printed = prune("--apply", "--yes")
    assert printed.code == 2
    assert printed.err.startswith(f"scoped-images: {message}An error occurred (InternalFailure)")
    assert account.left() == {0, 1, 2}


def test_a_deletion_that_fails_is_named_after_the_result(account: Account, prune: Prune) -> None:
    account.damage = Damage("batch_delete_image", 0, 0, "error")
    printed = prune("--apply", "--yes")
    assert (printed.code, "0 images archived, 0 images deleted" in printed.out) == (2, True)
    assert printed.err.startswith("scoped-images: ecr batch_delete_image in eu-west-1: An error occurred")


def test_a_function_without_settings_is_an_error_of_one_line(account: Account, prune: Prune) -> None:
    account.pruner_settings = ""
    assert prune() == Printed(
        2,
        "",
        "scoped-images: --env: function image-pruner-dev has no variable PRUNER_SETTINGS, got 'dev'; deploy it with an "
        "ImagePruner\n",
    )


RUN = "run: must be the name of a run, got {}; copy it from a report, such as 20261126T031705Z-42"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--undo", "yesterday", "--yes"], RUN.format("'yesterday'")),
        (["--undo", "20260231T000000Z-1", "--yes"], RUN.format("'20260231T000000Z-1'")),
        (
            ["--undo", "20200101T000000Z-1", "--yes"],
            "--undo: no image in the archive is from this run, got '20200101T000000Z-1'; see `run` in the pruner's "
            "report",
        ),
        (
            ["--undo", "20200101T000000Z-1", "--apply"],
            "--undo: not allowed with --apply, got both; run one after the other",
        ),
        (["--apply"], "--apply: cannot ask, got a stdin that is not a terminal; pass --yes"),
        (
            ["--env", "staging"],
            "--env: no function image-pruner-staging in eu-west-1, got 'staging'; deploy it with an ImagePruner, or "
            "give another --env or --region",
        ),
    ],
)
def test_a_mistake_is_named(
    archiving: Account,
    prune: Prune,
    monkeypatch: pytest.MonkeyPatch,
    *,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert prune(*arguments) == Printed(2, "", f"scoped-images: {message}\n")
    assert archiving.removed() == set()


def test_the_environment_is_required(command: Command) -> None:
    assert "Missing option '--env'" in command("prune").err
