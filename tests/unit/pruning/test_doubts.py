"""An answer that does not say what is in use ends the run: it is not read as "nothing is in use"."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from scoped_images.pruning.report import Report
from scoped_images.pruning.run import make_plan, prune
from scoped_images.pruning.stack_usage import SETTLED
from tests.unit.pruning.account_model import (
    HOST,
    NOW,
    Account,
    ModelCalls,
    Service,
    Stack,
    aws_error,
    digest,
    settings_of,
    tag,
    uri,
)


@pytest.fixture
def account() -> Account:
    """One of everything, each with an image of its own, and three unused images."""
    account = Account()
    for number in range(20):
        account.push("app", number, tag(number), days=100 - number)
    account.functions["f"] = {"$LATEST": (f"{HOST}/app:{tag(1)}", uri("app", 1))}
    (job,) = account.family("job", [uri("app", 3)])
    (api,) = account.family("api", [uri("app", 5)])
    account.tasks = [(job, uri("app", 7))]
    account.services = [Service(name="api", deployed=[api], released=[api])]
    account.rules = [job]
    account.schedules = [(job, True), (job, False)]
    account.stacks = [Stack(name="s", words=[tag(9)], parameters=["x"], waiting=([tag(11)], [tag(13)]))]
    return account


def run(account: Account, **changes: Any) -> Report:
    return prune(ModelCalls(account), settings_of(account, **changes), now=NOW)


def answers(account: Account, operation: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """Pass each answer of one operation through `change`, which may also change it in place."""
    real = getattr(account, operation)

    def changed(**parameters: Any) -> Any:
        answer = real(**parameters)
        return change(answer) or answer

    setattr(account, operation, changed)


def test_the_account_is_pruned_when_every_answer_is_whole(account: Account) -> None:
    report = run(account)
    assert report.problems == []
    kept = {image.tags[0] for image, _ in report.kept}
    assert {tag(number) for number in (1, 3, 5, 7, 9, 11, 13, 19)} <= kept
    assert len(account.deleted) >= 3


def without(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Remove the value at `path`."""

    def change(answer: dict[str, Any]) -> None:
        holder: Any = answer
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]

    return change


def value(new: Any, *path: Any) -> Callable[[dict[str, Any]], None]:
    """Replace the value at `path`."""

    def change(answer: dict[str, Any]) -> None:
        holder: Any = answer
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = new

    return change


DOUBTS: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    # Images
    (
        "describe_images",
        without("imageDetails"),
        "ecr describe_images in eu-west-1: cannot read imageDetails, got None",
    ),
    (
        "describe_images",
        without("imageDetails", 0, "imagePushedAt"),
        "ecr describe_images in eu-west-1: cannot read imagePushedAt, got None",
    ),
    (
        "describe_images",
        value(None, "imageDetails", 0),
        "ecr describe_images in eu-west-1: cannot read imageDetails, got None",
    ),
    # Functions
    (
        "list_functions",
        without("Functions", 0, "PackageType"),
        "lambda list_functions in eu-west-1: cannot read PackageType, got None",
    ),
    (
        "list_versions_by_function",
        value([], "Versions"),
        "lambda list_versions_by_function in eu-west-1: cannot read the versions of f, which always include "
        "$LATEST, got []",
    ),
    ("get_function", without("Code"), "lambda get_function in eu-west-1: cannot read Code, got None"),
    (
        "get_function",
        without("Code", "ImageUri"),
        "lambda get_function in eu-west-1: cannot read ImageUri, got None",
    ),
    (
        "get_function",
        without("Code", "ResolvedImageUri"),
        "lambda get_function in eu-west-1: cannot read ResolvedImageUri, got None",
    ),
    (
        "get_function",
        value("???", "Code", "ResolvedImageUri"),
        "lambda get_function in eu-west-1: cannot read an image, got '???'",
    ),
    # Tasks and services
    ("list_tasks", without("taskArns"), "ecs list_tasks in eu-west-1: cannot read taskArns, got None"),
    (
        "describe_tasks",
        value([], "tasks", 0, "containers"),
        "ecs describe_tasks in eu-west-1: cannot read containers, got []",
    ),
    (
        "describe_tasks",
        without("tasks", 0, "containers", 0, "image"),
        "ecs describe_tasks in eu-west-1: cannot read image, got None",
    ),
    (
        "describe_services",
        value([], "services"),
        "ecs describe_services in eu-west-1 was cut short: asked for 1, got 0",
    ),
    (
        "describe_services",
        value([{"reason": "DENIED"}], "failures"),
        "ecs describe_services in eu-west-1: {'reason': 'DENIED'}",
    ),
    (
        "describe_services",
        value([], "services", 0, "deployments"),
        "ecs describe_services in eu-west-1: cannot read deployments, got []",
    ),
    (
        "describe_services",
        without("services", 0, "deployments", 0, "taskDefinition"),
        "ecs describe_services in eu-west-1: cannot read taskDefinition, got None",
    ),
    (
        "list_service_deployments",
        without("serviceDeployments", 0, "createdAt"),
        "ecs list_service_deployments in eu-west-1: cannot read createdAt, got None",
    ),
    (
        "describe_service_revisions",
        value([], "serviceRevisions"),
        "ecs describe_service_revisions in eu-west-1: []",
    ),
    # Task definitions
    (
        "list_task_definitions",
        lambda _answer: {"taskDefinitionArns": []},
        "ecs list_task_definitions in eu-west-1: no active revision of the active family job",
    ),
    (
        "list_task_definitions",
        value("arn:aws:ecs:::task-definition/job", "taskDefinitionArns", 0),
        "ecs list_task_definitions in eu-west-1: cannot read the revision of a task definition, got "
        "'arn:aws:ecs:::task-definition/job'",
    ),
    (
        "describe_task_definition",
        value([], "taskDefinition", "containerDefinitions"),
        "ecs describe_task_definition in eu-west-1: cannot read containerDefinitions, got []",
    ),
    (
        "describe_task_definition",
        value("", "taskDefinition", "containerDefinitions", 0, "image"),
        "ecs describe_task_definition in eu-west-1: cannot read image, got ''",
    ),
    (
        "describe_task_definition",
        value("${IMAGE}", "taskDefinition", "containerDefinitions", 0, "image"),
        "ecs describe_task_definition in eu-west-1: cannot read an image, got '${IMAGE}'",
    ),
    # Rules and schedules
    (
        "list_event_buses",
        value([], "EventBuses"),
        "events list_event_buses in eu-west-1: cannot read the buses, which always include the default one, got []",
    ),
    (
        "list_targets_by_rule",
        without("Targets", 1, "EcsParameters"),
        "events list_targets_by_rule in eu-west-1: cannot read EcsParameters, got None",
    ),
    (
        "list_targets_by_rule",
        without("Targets", 1, "EcsParameters", "TaskDefinitionArn"),
        "events list_targets_by_rule in eu-west-1: cannot read EcsParameters, got {}",
    ),
    (
        "list_schedules",
        without("Schedules", 0, "Target"),
        "scheduler list_schedules in eu-west-1: cannot read Target, got None",
    ),
    # Stacks
    (
        "describe_stacks",
        without("Stacks", 0, "StackStatus"),
        "cloudformation describe_stacks in eu-west-1: cannot read StackStatus, got None",
    ),
    (
        "describe_stacks",
        without("Stacks", 0, "Parameters", 0, "ParameterValue"),
        "cloudformation describe_stacks in eu-west-1: cannot read ParameterValue, got []",
    ),
    (
        "get_template",
        value(None, "TemplateBody"),
        "cloudformation get_template in eu-west-1: cannot read TemplateBody of s, got None",
    ),
    (
        "get_template",
        value("", "TemplateBody"),
        "cloudformation get_template in eu-west-1: cannot read TemplateBody of s, got ''",
    ),
    (
        "get_template",
        value({}, "TemplateBody"),
        "cloudformation get_template in eu-west-1: cannot read TemplateBody of s, got {}",
    ),
    (
        "list_change_sets",
        without("Summaries", 0, "ExecutionStatus"),
        "cloudformation list_change_sets in eu-west-1: cannot read ExecutionStatus, got None",
    ),
]


@pytest.mark.parametrize(("operation", "change", "problem"), DOUBTS)
def test_an_answer_without_information_deletes_nothing(
    account: Account, operation: str, change: Callable[[dict[str, Any]], Any], problem: str
) -> None:
    answers(account, operation, change)
    report = run(account)
    assert (report.outcome, report.problems) == ("failed", [problem])
    assert account.deleted == []


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ({"Input": "run it"}, "Input of schedule s-0, got 'run it'"),
        ({"Input": "[]"}, "Input of schedule s-0, got '[]'"),
        ({"Input": "{}"}, "taskdefinition, got None"),
        ({}, "taskdefinition, got None"),
    ],
)
def test_a_schedule_s_unreadable_input_deletes_nothing(
    account: Account, target: dict[str, str], problem: str
) -> None:
    arn = "arn:aws:scheduler:::aws-sdk:ecs:runTask"
    answers(account, "get_schedule", lambda _answer: {"Target": {"Arn": arn, **target}})
    assert run(account).problems == [f"scheduler get_schedule in eu-west-1: cannot read {problem}"]
    assert account.deleted == []


def test_a_schedule_that_only_updates_a_service_needs_no_task_definition(account: Account) -> None:
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:ecs:updateService", "Input": '{"Service": "api"}'}
    answers(account, "get_schedule", lambda _answer: {"Target": target})
    assert run(account).problems == []


STACK_STATUSES = (
    ModelCalls(Account())._session.client("cloudformation").meta.service_model.shape_for("StackStatus").enum
)


@pytest.mark.parametrize("status", [*STACK_STATUSES, "A_NEW_STATUS"])
def test_a_stack_that_may_roll_back_to_an_unknown_template_deletes_nothing(
    account: Account, status: str
) -> None:
    account.stacks[0].status = status
    may_roll_back = {
        "UPDATE_IN_PROGRESS",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
        "IMPORT_IN_PROGRESS",
        "IMPORT_ROLLBACK_IN_PROGRESS",
        "IMPORT_ROLLBACK_FAILED",
        "A_NEW_STATUS",
    }
    report = run(account)
    if status in may_roll_back:
        assert report.problems == [
            f"stack s in eu-west-1 is {status}: what it may roll back to is unknown; prune when the stack has settled"
        ]
        assert account.deleted == []
    else:
        assert report.problems == []
        assert status in SETTLED


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
