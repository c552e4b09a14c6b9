"""A call that is denied, throttled, failing or cut short: nothing is deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lambdas.test_image_pruner.account import Cloud, error, run

LISTINGS = {
    "ListFunctions": ("Functions", "NextMarker"),
    "ListVersionsByFunction": ("Versions", "NextMarker"),
    "ListClusters": ("clusterArns", "nextToken"),
    "ListTasks": ("taskArns", "nextToken"),
    "ListServices": ("serviceArns", "nextToken"),
    "ListServiceDeployments": ("serviceDeployments", "nextToken"),
    "ListTaskDefinitionFamilies": ("families", "nextToken"),
    "ListEventBuses": ("EventBuses", "NextToken"),
    "ListRules": ("Rules", "NextToken"),
    "ListTargetsByRule": ("Targets", "NextToken"),
    "ListSchedules": ("Schedules", "NextToken"),
    "DescribeStacks": ("Stacks", "NextToken"),
    "ListChangeSets": ("Summaries", "NextToken"),
    "DescribeImages": ("imageDetails", "nextToken"),
}
CALLS = [
    *LISTINGS,
    "BatchGetImage",
    "GetFunction",
    "DescribeServices",
    "DescribeTaskDefinition",
    "ListTaskDefinitions",
    "GetSchedule",
    "GetTemplate",
]


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        *((operation, "AccessDeniedException") for operation in CALLS),
        ("DescribeImages", "ThrottlingException"),
        ("DescribeImages", "InternalFailure"),
    ],
)
def test_a_call_that_fails_deletes_nothing(busy: Cloud, inject: Any, operation: str, code: str) -> None:
    def fail(_real: Any) -> Any:
        raise error(code)

    made = inject(operation, fail)
    report = run()
    assert operation in made, "the account has nothing that this call would list"
    assert report.outcome == "failed"
    assert code in report.problems[0]
    assert "BatchDeleteImage" not in made
    assert report.deleted == []


@pytest.mark.parametrize("operation", LISTINGS)
def test_an_empty_second_page_deletes_nothing(busy: Cloud, inject: Any, operation: str) -> None:
    """The first page is not full and promises more, and nothing comes."""
    result, token = LISTINGS[operation]
    count = [0]

    def cut(real: Any) -> Any:
        count[0] += 1
        return {result: []} if count[0] % 2 == 0 else {**real(), token: "more"}

    made = inject(operation, cut)
    report = run()
    assert report.outcome == "failed"
    assert "was cut short" in report.problems[0]
    assert "BatchDeleteImage" not in made


def test_a_fault_in_the_second_look_deletes_nothing(busy: Cloud, inject: Any) -> None:
    looks = [0]

    def fail_later(real: Any) -> Any:
        looks[0] += 1
        if looks[0] > 1:
            raise error("AccessDeniedException")
        return real()

    made = inject("ListClusters", fail_later)
    report = run()
    assert (report.outcome, report.deleted) == ("failed", [])
    assert made.count("ListClusters") == 2
    assert "BatchDeleteImage" not in made


def test_a_family_s_revisions_cut_short_delete_nothing(busy: Cloud, inject: Any) -> None:
    made = inject("ListTaskDefinitions", lambda _real: {"taskDefinitionArns": [], "nextToken": "more"})
    report = run()
    assert report.outcome == "failed"
    assert "ecs list_task_definitions in eu-west-1 was cut short" in report.problems[0]
    assert "BatchDeleteImage" not in made


def test_an_answer_in_an_unknown_shape_deletes_nothing_and_is_reported(busy: Cloud, inject: Any) -> None:
    made = inject("DescribeTaskDefinition", lambda _real: {})
    report = run()
    assert (report.outcome, report.problems) == (
        "failed",
        ["ecs describe_task_definition in eu-west-1: cannot read taskDefinition, got None"],
    )
    assert "BatchDeleteImage" not in made
