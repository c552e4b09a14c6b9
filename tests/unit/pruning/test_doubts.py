"""An answer that does not say what is in use ends the run: it is not read as "nothing is in use"."""

from __future__ import annotations

from typing import Any

import pytest

from scoped_images.pruning.settings import SERVICES
from scoped_images.pruning.stack_usage import SETTLED
from tests.unit.pruning.busy_account import busy_account, put
from tests.unit.pruning.damaged_answers import READING, Damage
from tests.unit.pruning.model_calls import SESSION, run


@pytest.mark.parametrize("operation", READING)
def test_a_call_that_fails_deletes_nothing(operation: str) -> None:
    account = busy_account()
    account.push("app", 50, days=90)
    account.damage = Damage(operation, 0, 0, "error")
    report = run(account)
    assert report.outcome == "failed"
    assert f" {operation} in eu-west-1: An error occurred (InternalFailure)" in report.problems[0]
    assert account.removed() == set()


# (call, the path of a value in its answer, what is there instead, if anything): the problem names the last key
UNREADABLE: list[tuple[str, str, Any]] = [
    ("ecr describe_images", "imageDetails", ...),
    ("ecr describe_images", "imageDetails.0", None),
    ("ecr describe_images", "imageDetails.0.imagePushedAt", ...),
    ("lambda list_functions", "Functions.0.PackageType", ...),
    ("lambda get_function", "Code", ...),
    ("lambda get_function", "Code.ImageUri", ...),
    ("lambda get_function", "Code.ResolvedImageUri", ...),
    ("ecs list_tasks", "taskArns", ...),
    ("ecs describe_tasks", "tasks.0.containers", []),
    ("ecs describe_tasks", "tasks.0.containers.0.image", ...),
    ("ecs describe_services", "services.0.deployments", []),
    ("ecs describe_services", "services.0.deployments.0.taskDefinition", ...),
    ("ecs list_service_deployments", "serviceDeployments.0.createdAt", ...),
    ("ecs describe_task_definition", "taskDefinition", ...),
    ("ecs describe_task_definition", "taskDefinition.containerDefinitions", []),
    ("ecs describe_task_definition", "taskDefinition.containerDefinitions.0.image", ""),
    ("events list_targets_by_rule", "Targets.1.EcsParameters", ...),
    ("scheduler list_schedules", "Schedules.0.Target", ...),
    ("cloudformation describe_stacks", "Stacks.0.StackStatus", ...),
    ("cloudformation list_change_sets", "Summaries.0.ExecutionStatus", ...),
    ("sagemaker describe_model", "PrimaryContainer.Image", ""),
    ("apprunner describe_service", "Service.SourceConfiguration.ImageRepository.ImageIdentifier", ""),
    ("batch describe_job_definitions", "jobDefinitions.0.containerProperties.image", ""),
]
# (…, what cannot be read)
CANNOT_READ = [
    *(
        (
            call,
            path,
            new,
            f"{path.removesuffix('.0').rpartition('.')[2]}, got {None if new is ... else new!r}",
        )
        for call, path, new in UNREADABLE
    ),
    (
        "lambda list_versions_by_function",
        "Versions",
        [],
        "the versions of f, which always include $LATEST, got []",
    ),
    ("lambda get_function", "Code.ResolvedImageUri", "???", "an image, got '???'"),
    (
        "ecs list_task_definitions",
        "taskDefinitionArns.0",
        "job",
        "the revision of a task definition, got 'job'",
    ),
    (
        "ecs describe_task_definition",
        "taskDefinition.containerDefinitions.0.image",
        "${I}",
        "an image, got '${I}'",
    ),
    ("events list_event_buses", "EventBuses", [], "the buses, which always include the default one, got []"),
    (
        "events list_targets_by_rule",
        "Targets.1.EcsParameters.TaskDefinitionArn",
        ...,
        "EcsParameters, got {}",
    ),
    ("cloudformation describe_stacks", "Stacks.0.Parameters.0.ParameterValue", ..., "ParameterValue, got []"),
    ("cloudformation describe_stacks", "Stacks.0.Outputs", [{}], "OutputValue, got None"),
    ("cloudformation get_template", "TemplateBody", None, "TemplateBody of s, got None"),
    ("cloudformation get_template", "TemplateBody", "", "TemplateBody of s, got ''"),
    ("cloudformation get_template", "TemplateBody", {}, "TemplateBody of s, got {}"),
    ("apprunner list_services", "ServiceSummaryList.0", {}, "ServiceArn, got None"),
    (
        "sagemaker describe_model_package",
        "InferenceSpecification.Containers",
        [],
        "the containers of sagemaker model m, got {'Containers': []}",
    ),
]
# (…, the end of the problem)
DOUBTS: list[tuple[str, str, Any, str]] = [
    *((call, path, new, f": cannot read {what}") for call, path, new, what in CANNOT_READ),
    ("ecs describe_tasks", "tasks", [], " was cut short: asked for 1, got 0"),
    ("ecs describe_services", "failures", [{"reason": "DENIED"}], ": {'reason': 'DENIED'}"),
    ("ecs describe_service_revisions", "serviceRevisions", [], ": []"),
    ("ecs list_task_definitions", "taskDefinitionArns", [], ": no active revision of the active family job"),
]


@pytest.mark.parametrize(("call", "path", "new", "problem"), DOUBTS)
def test_an_answer_without_information_deletes_nothing(call: str, path: str, new: Any, problem: str) -> None:
    account = busy_account()
    if call in account.answers:
        put(path, new)(account.answers[call])
    else:
        account.change(call.split()[1], put(path, new))
    report = run(account, services=SERVICES)
    assert (report.outcome, report.problems) == ("failed", [f"{call} in eu-west-1{problem}"])
    assert account.removed() == set()


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ({"Input": "run it"}, "Input of schedule s-0, got 'run it'"),
        ({"Input": "[]"}, "Input of schedule s-0, got '[]'"),
        ({"Input": "{}"}, "taskdefinition, got None"),
        ({}, "taskdefinition, got None"),
    ],
)
def test_a_schedule_s_unreadable_input_deletes_nothing(target: dict[str, str], problem: str) -> None:
    account = busy_account()
    account.change(
        "get_schedule", lambda _page: {"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask", **target}}
    )
    assert run(account).problems == [f"scheduler get_schedule in eu-west-1: cannot read {problem}"]
    assert account.removed() == set()


STACK_STATUSES = SESSION.client("cloudformation").meta.service_model.shape_for("StackStatus").enum
MAY_ROLL_BACK = {
    *("UPDATE_IN_PROGRESS", "UPDATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"),
    *("IMPORT_IN_PROGRESS", "IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED"),
    "A_NEW_STATUS",
}


@pytest.mark.parametrize("status", sorted(MAY_ROLL_BACK))
def test_a_stack_that_may_roll_back_to_an_unknown_template_deletes_nothing(status: str) -> None:
    account = busy_account()
    account.stacks[0].status = status
    assert run(account).problems == [
        f"stack s in eu-west-1 is {status}: what it may roll back to is unknown; prune when the stack has settled"
    ]
    assert account.removed() == set()


def test_every_other_status_of_a_stack_is_settled() -> None:
    assert {*STACK_STATUSES, "A_NEW_STATUS"} - MAY_ROLL_BACK == SETTLED
