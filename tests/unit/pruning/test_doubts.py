"""An answer that does not say what is in use ends the run: it is not read as "nothing is in use"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scoped_images.pruning.stack_usage import SETTLED
from tests.unit.pruning.account_model import Account, tag
from tests.unit.pruning.busy_account import answers, busy_account, run, value, without
from tests.unit.pruning.model_calls import ModelCalls


@pytest.fixture
def account() -> Account:
    return busy_account()


def test_the_account_is_pruned_when_every_answer_is_whole(account: Account) -> None:
    report = run(account)
    assert report.problems == []
    kept = {image.tags[0] for image, _ in report.kept}
    assert {tag(number) for number in (1, 3, 5, 7, 9, 11, 13, 19)} <= kept
    assert len(account.deleted) >= 3


# (call, change of its answer, the end of the problem)
DOUBTS: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    # Images
    ("ecr describe_images", without("imageDetails"), ": cannot read imageDetails, got None"),
    (
        "ecr describe_images",
        without("imageDetails", 0, "imagePushedAt"),
        ": cannot read imagePushedAt, got None",
    ),
    ("ecr describe_images", value(None, "imageDetails", 0), ": cannot read imageDetails, got None"),
    # Functions
    ("lambda list_functions", without("Functions", 0, "PackageType"), ": cannot read PackageType, got None"),
    (
        "lambda list_versions_by_function",
        value([], "Versions"),
        ": cannot read the versions of f, which always include $LATEST, got []",
    ),
    ("lambda get_function", without("Code"), ": cannot read Code, got None"),
    ("lambda get_function", without("Code", "ImageUri"), ": cannot read ImageUri, got None"),
    ("lambda get_function", without("Code", "ResolvedImageUri"), ": cannot read ResolvedImageUri, got None"),
    ("lambda get_function", value("???", "Code", "ResolvedImageUri"), ": cannot read an image, got '???'"),
    # Tasks and services
    ("ecs list_tasks", without("taskArns"), ": cannot read taskArns, got None"),
    ("ecs describe_tasks", value([], "tasks", 0, "containers"), ": cannot read containers, got []"),
    ("ecs describe_tasks", without("tasks", 0, "containers", 0, "image"), ": cannot read image, got None"),
    ("ecs describe_services", value([], "services"), " was cut short: asked for 1, got 0"),
    ("ecs describe_services", value([{"reason": "DENIED"}], "failures"), ": {'reason': 'DENIED'}"),
    ("ecs describe_services", value([], "services", 0, "deployments"), ": cannot read deployments, got []"),
    (
        "ecs describe_services",
        without("services", 0, "deployments", 0, "taskDefinition"),
        ": cannot read taskDefinition, got None",
    ),
    (
        "ecs list_service_deployments",
        without("serviceDeployments", 0, "createdAt"),
        ": cannot read createdAt, got None",
    ),
    ("ecs describe_service_revisions", value([], "serviceRevisions"), ": []"),
    # Task definitions
    (
        "ecs list_task_definitions",
        lambda _answer: {"taskDefinitionArns": []},
        ": no active revision of the active family job",
    ),
    (
        "ecs list_task_definitions",
        value("arn:aws:ecs:::task-definition/job", "taskDefinitionArns", 0),
        ": cannot read the revision of a task definition, got 'arn:aws:ecs:::task-definition/job'",
    ),
    (
        "ecs describe_task_definition",
        value([], "taskDefinition", "containerDefinitions"),
        ": cannot read containerDefinitions, got []",
    ),
    (
        "ecs describe_task_definition",
        value("", "taskDefinition", "containerDefinitions", 0, "image"),
        ": cannot read image, got ''",
    ),
    (
        "ecs describe_task_definition",
        value("${IMAGE}", "taskDefinition", "containerDefinitions", 0, "image"),
        ": cannot read an image, got '${IMAGE}'",
    ),
    # Rules and schedules
    (
        "events list_event_buses",
        value([], "EventBuses"),
        ": cannot read the buses, which always include the default one, got []",
    ),
    (
        "events list_targets_by_rule",
        without("Targets", 1, "EcsParameters"),
        ": cannot read EcsParameters, got None",
    ),
    (
        "events list_targets_by_rule",
        without("Targets", 1, "EcsParameters", "TaskDefinitionArn"),
        ": cannot read EcsParameters, got {}",
    ),
    ("scheduler list_schedules", without("Schedules", 0, "Target"), ": cannot read Target, got None"),
    # Stacks
    (
        "cloudformation describe_stacks",
        without("Stacks", 0, "StackStatus"),
        ": cannot read StackStatus, got None",
    ),
    (
        "cloudformation describe_stacks",
        without("Stacks", 0, "Parameters", 0, "ParameterValue"),
        ": cannot read ParameterValue, got []",
    ),
    ("cloudformation get_template", value(None, "TemplateBody"), ": cannot read TemplateBody of s, got None"),
    ("cloudformation get_template", value("", "TemplateBody"), ": cannot read TemplateBody of s, got ''"),
    ("cloudformation get_template", value({}, "TemplateBody"), ": cannot read TemplateBody of s, got {}"),
    (
        "cloudformation list_change_sets",
        without("Summaries", 0, "ExecutionStatus"),
        ": cannot read ExecutionStatus, got None",
    ),
]


@pytest.mark.parametrize(("call", "change", "problem"), DOUBTS)
def test_an_answer_without_information_deletes_nothing(
    account: Account, call: str, change: Callable[[dict[str, Any]], Any], problem: str
) -> None:
    answers(account, call.split()[1], change)
    report = run(account)
    assert (report.outcome, report.problems) == ("failed", [f"{call} in eu-west-1{problem}"])
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
