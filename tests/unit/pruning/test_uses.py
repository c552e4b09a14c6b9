"""Everything that runs an image, or may start it, keeps it."""

from __future__ import annotations

import pytest

from scoped_images.pruning.settings import SERVICES
from scoped_images.pruning.stack_usage import words_in
from tests.unit.pruning.account_model import REGION, tag
from tests.unit.pruning.busy_account import OTHER_USES, USES, busy_account, left_with, put
from tests.unit.pruning.model_calls import run, why

BOTH = (REGION, "us-east-1")


def test_each_use_keeps_its_image() -> None:
    account = busy_account()
    report = run(account, services=SERVICES, regions=BOTH)
    assert report.problems == []
    expected = USES | OTHER_USES
    assert {number: why(report)[tag(number)] for number in expected} == expected
    assert account.left() == left_with(expected)


def test_services_and_regions_that_are_not_named_are_not_asked() -> None:
    account = busy_account()
    report = run(account)
    assert report.problems == []
    assert {number: why(report)[tag(number)] for number in USES} == USES
    assert account.left() == left_with(USES)
    assert not {"list_models", "describe_model", "describe_service", "describe_job_definitions"} & {
        *account.calls
    }
    assert account.elsewhere["us-east-1"].calls == []


@pytest.mark.parametrize(
    ("status", "execution", "kept"),
    [
        ("CREATE_COMPLETE", "AVAILABLE", True),
        ("CREATE_IN_PROGRESS", "UNAVAILABLE", True),
        ("FAILED", "UNAVAILABLE", False),
        ("CREATE_COMPLETE", "EXECUTE_COMPLETE", False),
    ],
)
def test_only_a_change_set_that_may_still_be_executed_counts(
    status: str, execution: str, *, kept: bool
) -> None:
    account = busy_account()
    account.change(
        "list_change_sets",
        put("Summaries.0", {"ChangeSetId": "c", "Status": status, "ExecutionStatus": execution}),
    )
    reasons = why(run(account))
    assert {reasons.get(tag(number)) == USES[number] for number in (27, 29)} == {kept}


def test_a_stack_that_is_only_a_change_set_has_no_template_of_its_own() -> None:
    account = busy_account()
    account.stacks[0].status = "REVIEW_IN_PROGRESS"
    run(account)
    assert account.calls.count("get_template") == account.calls.count("list_change_sets")
    assert not {23, 24} & account.left()
    assert {27, 29} <= account.left()


def test_an_output_of_a_stack_counts() -> None:
    account = busy_account()
    account.change("describe_stacks", put("Stacks.0.Outputs", [{"OutputKey": "k", "OutputValue": tag(47)}]))
    assert why(run(account))[tag(47)] == "in use by a CloudFormation stack"


def test_tags_inside_longer_words_of_a_template_are_found() -> None:
    text = (
        '{"Fn::Sub": "${Host}/app:sha-0123456789ab", "x": "my-sha-ba9876543210", "y": "cdk/' + "c" * 64 + '"}'
    )
    assert {"sha-0123456789ab", "sha-ba9876543210", "c" * 64} <= set(words_in(text))


def test_a_container_that_has_ended_since_it_was_listed_is_not_missed() -> None:
    account = busy_account()
    account.change(
        "describe_tasks", lambda _page: {"tasks": [], "failures": [{"arn": "task/0", "reason": "MISSING"}]}
    )
    assert run(account).problems == []


def test_a_release_whose_images_ecs_does_not_name_yet_counts_by_its_task_definition() -> None:
    account = busy_account()
    account.change("describe_service_revisions", put("serviceRevisions.0.containerImages"))
    assert why(run(account))[tag(17)] == USES[17]


def test_a_schedule_that_only_updates_a_service_needs_no_task_definition() -> None:
    account = busy_account()
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:ecs:updateService", "Input": '{"Service": "api"}'}
    account.change("get_schedule", lambda _page: {"Target": target})
    assert run(account).problems == []


def test_an_app_runner_service_that_builds_from_code_has_no_image() -> None:
    account = busy_account()
    account.answers["apprunner describe_service"] = {
        "Service": {"SourceConfiguration": {"CodeRepository": {}}}
    }
    assert run(account, services=("apprunner",)).problems == []
