"""Each call in turn denied, throttled, failing or cut short: nothing is deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.run import make_plan, prune
from tests.lambdas.test_image_pruner.account import ACCOUNT, HOST, REGION, ROLE, Cloud, calls, run, settings


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "injected"}}, "operation")


def busy_account(cloud: Cloud) -> None:
    """Something for each call to find."""
    cloud.push_many(6)
    cloud.push(None, days=9)
    cloud.function("f", "sha-003")
    ecs = boto3.client("ecs")
    ecs.create_cluster(clusterName="c")
    definition = cloud.task_definition("api", f"{HOST}/app:sha-004")
    ecs.create_service(cluster="c", serviceName="api", taskDefinition="api", desiredCount=1)
    events = boto3.client("events")
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c"
    target = {"Id": "1", "Arn": arn, "RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": definition}}
    events.put_targets(Rule="nightly", Targets=[target])
    boto3.client("scheduler").create_schedule(
        Name="hourly",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": definition}},
    )
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    boto3.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(topic))


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


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "InternalFailure"])
def test_a_call_that_fails_deletes_nothing(cloud: Cloud, inject: Any, operation: str, code: str) -> None:
    busy_account(cloud)

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
def test_an_empty_second_page_deletes_nothing(cloud: Cloud, inject: Any, operation: str) -> None:
    """The first page is not full and promises more, and nothing comes."""
    busy_account(cloud)
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


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "InternalFailure"])
def test_a_deletion_that_fails_is_reported_and_ends_the_run(cloud: Cloud, inject: Any, code: str) -> None:
    cloud.push_many(150)

    def fail(_real: Any) -> Any:
        raise error(code)

    made = inject("BatchDeleteImage", fail)
    report = run()
    assert (report.outcome, report.deleted) == ("failed", [])
    assert code in report.problems[0]
    assert made.count("BatchDeleteImage") == 1
    assert len(report.left) == len(report.selected) > 100


def test_a_fault_in_the_second_look_deletes_nothing(cloud: Cloud, inject: Any) -> None:
    busy_account(cloud)
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


def test_a_family_s_revisions_cut_short_delete_nothing(cloud: Cloud, inject: Any) -> None:
    busy_account(cloud)
    made = inject("ListTaskDefinitions", lambda _real: {"taskDefinitionArns": [], "nextToken": "more"})
    report = run()
    assert report.outcome == "failed"
    assert "ecs list_task_definitions in eu-west-1 was cut short" in report.problems[0]
    assert "BatchDeleteImage" not in made


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"])
def test_a_stack_under_way_deletes_nothing(cloud: Cloud, inject: Any, status: str) -> None:
    """What it may roll back to is named nowhere any more."""
    busy_account(cloud)

    def under_way(real: Any) -> Any:
        answer = real()
        return {**answer, "Stacks": [{**stack, "StackStatus": status} for stack in answer["Stacks"]]}

    made = inject("DescribeStacks", under_way)
    report = run()
    assert report.problems[0].startswith(f"stack s in eu-west-1 is {status}")
    assert "BatchDeleteImage" not in made


def test_an_answer_in_an_unknown_shape_deletes_nothing_and_is_reported(cloud: Cloud, inject: Any) -> None:
    busy_account(cloud)
    made = inject("DescribeTaskDefinition", lambda _real: {})
    report = run()
    assert (report.outcome, report.problems) == (
        "failed",
        ["ecs describe_task_definition in eu-west-1: cannot read taskDefinition, got None"],
    )
    assert "BatchDeleteImage" not in made


def test_a_missing_repository_of_dependents_deletes_nothing(cloud: Cloud) -> None:
    cloud.push_many(4)
    report = prune(calls(), settings(dependents=("nowhere",)))
    assert report.problems == ["dependents: no such repository, got 'nowhere'; correct or remove the name"]
    assert report.deleted == []


def test_an_empty_page_after_a_full_one_ends_the_listing(cloud: Cloud, inject: Any) -> None:
    """A service that counts no further than the page promises one page too many."""
    cloud.push_many(1000)

    def promise_too_much(real: Any) -> Any:
        return (
            {"imageDetails": []} if made.count("DescribeImages") % 2 == 0 else {**real(), "nextToken": "more"}
        )

    made = inject("DescribeImages", promise_too_much)
    report = run(delete=False)
    assert (report.outcome, len(report.selected)) == ("done", 999)


def test_a_listing_that_returns_one_token_twice_fails(cloud: Cloud, inject: Any) -> None:
    cloud.push_many(3)
    inject("DescribeImages", lambda _real: {"imageDetails": [{}], "nextToken": "again"})
    report = run()
    assert report.problems == ["ecr describe_images in eu-west-1 was cut short: it returned one token twice"]


def test_every_page_of_a_long_listing_is_read(cloud: Cloud) -> None:
    """1,100 images: one page of a thousand and one more."""
    cloud.push_many(1100)
    made: list[tuple[str, str]] = []
    plan = make_plan(calls(on_call=lambda *call: made.append(call)), settings(delete=False))
    assert len(plan.images) == 1100
    assert made.count(("ecr", "describe_images")) == 2
    assert len(plan.selection.deleted) == 1099


def test_an_image_that_ecr_refuses_to_delete_fails_the_run_and_the_rest_goes(
    cloud: Cloud, inject: Any
) -> None:
    cloud.push_many(3)
    refused = {"imageDigest": cloud.digests["sha-001"]}
    failure = {
        "imageId": refused,
        "failureCode": "ImageReferencedByManifestList",
        "failureReason": "in index",
    }
    inject("BatchDeleteImage", lambda _real: {"imageIds": [], "failures": [failure]})
    report = run()
    assert report.outcome == "failed"
    assert [image.tags[0] for image in report.deleted] == ["sha-000"]
    assert report.spared[0][1] == "ImageReferencedByManifestList: in index"


def test_throttling_that_passes_is_waited_out(cloud: Cloud) -> None:
    """The real retries of botocore, on answers that never reach moto."""
    cloud.push_many(3)
    aws = AwsCalls(REGION, session=boto3.DEFAULT_SESSION, attempts=4)
    refused: list[str] = []

    def refuse(request: Any, **_: Any) -> Any:
        if len(refused) < 2:
            refused.append(request.url)
            body = json.dumps({"__type": "ThrottlingException", "message": "slow down"}).encode()
            return AWSResponse(request.url, 400, {}, _Raw(body))
        return None

    aws.client("ecr").meta.events.register_first("before-send.ecr.DescribeImages", refuse)
    report = prune(aws, settings())
    assert len(refused) == 2
    assert (report.outcome, cloud.tags()) == ("done", {"sha-002"})


class _Raw:
    """The part of a urllib3 answer that botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body
