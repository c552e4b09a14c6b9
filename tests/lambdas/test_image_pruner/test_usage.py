"""Uses that are found by a longer way: change sets, revisions of services, services behind a switch."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from scoped_images.pruning.stack_usage import words_in
from tests.lambdas.test_image_pruner.account import ACCOUNT, HOST, REGION, ROLE, Cloud, run


def reasons(cloud: Cloud, **changes: Any) -> dict[str, str]:
    """Why each image was kept, by tag, after a run with ten images."""
    report = run(**changes)
    assert report.problems == []
    return {image.tags[0]: why for image, why in report.kept}


@pytest.fixture
def ten(cloud: Cloud) -> Cloud:
    cloud.push_many(10)
    return cloud


@pytest.mark.parametrize(
    ("status", "execution", "kept"),
    [
        ("CREATE_COMPLETE", "AVAILABLE", True),
        ("CREATE_IN_PROGRESS", "UNAVAILABLE", True),
        ("FAILED", "UNAVAILABLE", False),
        ("CREATE_COMPLETE", "EXECUTE_COMPLETE", False),
    ],
)
def test_the_template_of_a_waiting_change_set_counts(
    ten: Cloud, inject: Any, status: str, execution: str, kept: bool
) -> None:
    """Its stack has no template of its own yet. moto answers with an empty one for every change set."""
    parameters = [{"ParameterKey": "Tag", "ParameterValue": "sha-005"}]
    template = {"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "sha-003"}}}}
    stack = {"StackName": "s", "StackStatus": "REVIEW_IN_PROGRESS"}
    change_set = {"ChangeSetId": "c", "Status": status, "ExecutionStatus": execution}
    inject("DescribeStacks", lambda _real: {"Stacks": [stack]})
    inject("ListChangeSets", lambda _real: {"Summaries": [change_set]})
    inject("GetTemplate", lambda _real: {"TemplateBody": template})
    inject("DescribeChangeSet", lambda _real: {"Parameters": parameters})
    assert (reasons(ten).get("sha-003") == "in use by a CloudFormation stack") is kept
    assert (reasons(ten).get("sha-005") == "in use by a CloudFormation stack") is kept


def test_tags_inside_longer_words_of_a_template_are_found() -> None:
    text = (
        '{"Fn::Sub": "${Host}/app:sha-0123456789ab", "x": "my-sha-ba9876543210", "y": "cdk/' + "c" * 64 + '"}'
    )
    found = set(words_in(text))
    assert {"sha-0123456789ab", "sha-ba9876543210", "c" * 64} <= found


def test_the_last_revisions_of_a_service_stay(ten: Cloud, inject: Any) -> None:
    """moto knows no service revisions: these answers have the form of AWS's."""
    ecs = boto3.client("ecs")
    ecs.create_cluster(clusterName="c")
    ten.task_definition("api", f"{HOST}/app:sha-009")
    ecs.create_service(cluster="c", serviceName="api", taskDefinition="api", desiredCount=1)
    deployments = [
        {"targetServiceRevisionArn": f"revision-{n}", "createdAt": datetime(2026, 1, n, tzinfo=UTC)}
        for n in (1, 2, 3)
    ]

    def revisions(_real: Any) -> Any:
        return {
            "serviceRevisions": [
                {
                    "createdAt": datetime(2026, 1, n, tzinfo=UTC),
                    "containerImages": [
                        {"image": f"{HOST}/app:stable", "imageDigest": ten.digests[f"sha-00{n}"]}
                    ],
                }
                for n in (2, 3)
            ],
            "failures": [],
        }

    inject("ListServiceDeployments", lambda _real: {"serviceDeployments": deployments})
    made = inject("DescribeServiceRevisions", revisions)
    why = reasons(ten)
    assert "DescribeServiceRevisions" in made
    of_service = f"one of the last releases of ecs service api of arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c"
    assert why["sha-002"] == why["sha-003"] == of_service
    assert "sha-001" not in why


def test_a_running_task_keeps_the_digest_that_it_pulled(ten: Cloud, inject: Any) -> None:
    ecs = boto3.client("ecs")
    ecs.create_cluster(clusterName="c")
    definition = ten.task_definition("job", f"{HOST}/app:sha-009")
    task = {
        "taskArn": "arn:aws:ecs:eu-west-1:1:task/c/123",
        "taskDefinitionArn": definition,
        "containers": [{"image": f"{HOST}/app:stable", "imageDigest": ten.digests["sha-004"]}],
    }
    inject("ListTasks", lambda _real: {"taskArns": [task["taskArn"]]})
    inject("DescribeTasks", lambda _real: {"tasks": [task], "failures": []})
    assert reasons(ten)["sha-004"] == "in use by ecs task 123"


def test_tasks_that_are_not_described_fail_the_run(ten: Cloud, inject: Any) -> None:
    boto3.client("ecs").create_cluster(clusterName="c")
    inject("ListTasks", lambda _real: {"taskArns": ["one", "two"]})
    missing = {"arn": "one", "reason": "MISSING"}
    inject("DescribeTasks", lambda _real: {"tasks": [], "failures": [missing]})
    report = run()
    assert report.problems == ["ecs describe_tasks in eu-west-1 was cut short: asked for 2, got 0"]
    assert len(ten.tags()) == 10


def test_a_schedule_that_calls_ecs_itself_counts(ten: Cloud) -> None:
    oldest = ten.task_definition("job", f"{HOST}/app:sha-001")
    for _ in range(3):
        ten.task_definition("job", f"{HOST}/app:sha-009")
    boto3.client("scheduler").create_schedule(
        Name="universal",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask",
            "RoleArn": ROLE,
            "Input": json.dumps({"Cluster": "c", "TaskDefinition": oldest}),
        },
    )
    assert reasons(ten)["sha-001"] == "in use by schedule universal"


def test_models_and_jobs_count_where_they_are_switched_on(ten: Cloud) -> None:
    boto3.client("sagemaker").create_model(
        ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": f"{HOST}/app:sha-001"}
    )
    boto3.client("batch").register_job_definition(
        jobDefinitionName="j",
        type="container",
        containerProperties={"image": f"{HOST}/app:sha-003", "vcpus": 1, "memory": 64},
    )
    why = reasons(ten, services=("sagemaker", "batch"))
    assert why["sha-001"] == "in use by sagemaker model m"
    assert why["sha-003"] == "in use by batch job j:1"


def test_app_runner_counts_where_it_is_switched_on(ten: Cloud, inject: Any) -> None:
    """moto has no App Runner."""
    summary = {"ServiceName": "web", "ServiceArn": "arn:aws:apprunner:eu-west-1:1:service/web/1"}
    source = {"ImageRepository": {"ImageIdentifier": f"{HOST}/app:sha-001", "ImageRepositoryType": "ECR"}}
    inject("ListServices", lambda _real: {"ServiceSummaryList": [summary]})
    inject("DescribeService", lambda _real: {"Service": {"SourceConfiguration": source}})
    assert reasons(ten, services=("apprunner",))["sha-001"] == "in use by app runner service web"


def test_what_is_switched_off_is_not_asked(ten: Cloud, inject: Any) -> None:
    made = inject("ListModels", lambda _real: {"Models": []})
    assert run().outcome == "done"
    assert not {"ListModels", "DescribeJobDefinitions"} & set(made)


def test_another_region_is_looked_at_too(ten: Cloud) -> None:
    image = f"{HOST}/app:sha-001"
    boto3.client("ecs", region_name="us-east-1").register_task_definition(
        family="far", containerDefinitions=[{"name": "main", "image": image, "memory": 64}]
    )
    assert (
        reasons(ten, regions=(REGION, "us-east-1"))["sha-001"]
        == "one of the last releases of ecs family far in us-east-1"
    )
