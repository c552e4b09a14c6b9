"""Ten releases, then a pruning: everything that anybody can still run or roll back to starts."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.report import Report
from scoped_images.pruning.retention import Retention
from scoped_images.pruning.run import prune
from scoped_images.pruning.settings import PrunerSettings
from scripts.try_receipts import LINES, png
from tests.e2e.deployment import Deployment
from tests.e2e.test_deploy import API, UPLOAD, append, try_it

pytestmark = pytest.mark.e2e

RELEASES = 10
FUNCTION = "upload_images-local"
REPOSITORIES = ("upload-images-local", "receipt-api-local")


def release(deployment: Deployment, number: int) -> None:
    """Change a handler, with every third release the service too, and deploy what changed."""
    append(deployment.project / "lambdas/upload_images/handler.py", f"\n# release {number}\n")
    stacks = ["receipts-local-functions"]
    if number % 3 == 0:
        append(deployment.project / "services/receipt_api/__main__.py", f"\n# release {number}\n")
        stacks.append("receipts-local-api")
    deployment.cdk("deploy", *stacks, "--exclusively", "--require-approval", "never", "--concurrency", "2")


def prune_in_a_month(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Prune the workloads' repositories as if a month had gone by, so that nothing stays for its youth."""
    for name, value in deployment.variables().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    settings = PrunerSettings(
        environment="local",
        repositories=REPOSITORIES,
        bases=(),
        retention=Retention(max_images=1, min_age_days=1, rollback_window=1),
        regions=(deployment.env.region,),
        delete=True,
    )
    aws = AwsCalls(deployment.env.region, session=boto3.Session())
    return prune(aws, settings, now=datetime.now(UTC) + timedelta(days=30))


def upload(deployment: Deployment, version: str) -> dict[str, Any]:
    """Invoke one version of the function."""
    image = base64.b64encode(png(version.encode())).decode()
    event = {"image_base64": image, "content_type": "image/png", "lines": LINES}
    answer = deployment.client("lambda").invoke(
        FunctionName=FUNCTION, Qualifier=version, Payload=json.dumps(event).encode()
    )
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return payload


def revisions(deployment: Deployment) -> list[str]:
    """The service's task definitions, newest first."""
    ecs = deployment.client("ecs")
    found: list[str] = ecs.list_task_definitions(status="INACTIVE", sort="DESC")["taskDefinitionArns"]
    current: list[str] = ecs.list_task_definitions(status="ACTIVE", sort="DESC")["taskDefinitionArns"]
    return sorted({*found, *current}, key=lambda arn: -int(arn.rpartition(":")[2]))


def roll_service_back(deployment: Deployment) -> str:
    """Start the service on the task definition before its current one, registered anew as a user would."""
    ecs = deployment.client("ecs")
    previous = ecs.describe_task_definition(taskDefinition=revisions(deployment)[1])["taskDefinition"]
    kept = (
        "family",
        "taskRoleArn",
        "executionRoleArn",
        "networkMode",
        "containerDefinitions",
        "requiresCompatibilities",
        "cpu",
        "memory",
        "runtimePlatform",
    )
    registered = ecs.register_task_definition(**{key: previous[key] for key in kept if key in previous})
    arn: str = registered["taskDefinition"]["taskDefinitionArn"]
    (cluster,) = ecs.list_clusters()["clusterArns"]
    (service,) = ecs.list_services(cluster=cluster)["serviceArns"]
    ecs.update_service(cluster=cluster, service=service, taskDefinition=arn)
    image: str = previous["containerDefinitions"][0]["image"]
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        (shown,) = ecs.describe_services(cluster=cluster, services=[service])["services"]
        (newest, *others) = shown["deployments"]
        if newest["taskDefinition"] == arn and newest["rolloutState"] == "COMPLETED" and not others:
            return image.rpartition("@")[2]
        time.sleep(1)
    raise AssertionError(f"the service did not start on {image}: {shown['events'][:3]}")


def test_every_version_and_the_last_release_start_after_pruning(
    new_deployment: Callable[[], Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = new_deployment()
    deployment.deploy()
    functions = deployment.client("lambda")
    versions = []
    for number in range(RELEASES):
        release(deployment, number)
        if number in (2, 6):
            versions.append(functions.publish_version(FunctionName=FUNCTION)["Version"])
    functions.create_alias(FunctionName=FUNCTION, Name="old", FunctionVersion=versions[0])
    before = deployment.known(*REPOSITORIES)

    report = prune_in_a_month(deployment, monkeypatch)

    assert (report.outcome, report.problems) == ("done", [])
    after = deployment.known(*REPOSITORIES)
    assert {image.digest for image in report.deleted} == before - after
    # Of the function's eleven images its three in use stay, and the ones before each; the service's last two of five.
    assert len(before - after) >= 7
    digests = deployment.digests()
    assert {digests[UPLOAD], digests[API]} <= after

    deployment.empty_engine()
    for version in (*versions, "old", "$LATEST"):
        assert upload(deployment, version)["receipt_id"]
    assert roll_service_back(deployment) in after
    assert '"GRAND_TOTAL"' in try_it(deployment)
    assert prune_in_a_month(deployment, monkeypatch).deleted == []
