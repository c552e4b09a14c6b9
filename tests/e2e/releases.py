"""Releases of the project, a pruning a month later, and what somebody does who runs or rolls back to an older one."""

from __future__ import annotations

import base64
import json
import time
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

FUNCTION = "upload_images-local"
RELEASED = ("upload-images-local", "receipt-api-local")


def release(deployment: Deployment) -> str:
    """Change a handler, deploy only its stack, and publish a version of the function; return the version."""
    with (deployment.project / "lambdas/upload_images/handler.py").open("a") as file:
        file.write("# released\n")
    deployment.cdk("deploy", "receipts-local-functions", "--exclusively", "--require-approval", "never")
    published = deployment.client("lambda").publish_version(FunctionName=FUNCTION)
    version: str = published["Version"]
    return version


def prune_in_a_month(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Prune the workloads' repositories as if a month had gone by, so that nothing stays for its youth."""
    for name, value in deployment.variables().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    settings = PrunerSettings(
        environment="local",
        repositories=RELEASED,
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
