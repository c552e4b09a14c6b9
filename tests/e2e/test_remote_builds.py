"""The real CDK CLI deploys what the emulated CodeBuild builds: one chain of remote and local images, and its mishaps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.deployment import Deployment

pytestmark = pytest.mark.e2e

WORD = "a word that only the build sees"
LOCAL = ["remote-functions/Other", "remote-upper/Image"]


@pytest.fixture(scope="module")
def deployed(new_deployment: Callable[..., Deployment]) -> Deployment:
    """The app, deployed into nothing."""
    deployment = new_deployment("remote")
    deployment.client("ssm").put_parameter(Name="/remote/word", Value=WORD, Type="SecureString")
    assert deployment.deploy() == LOCAL
    return deployment


def builds(deployment: Deployment) -> list[dict[str, Any]]:
    """Every remote build, newest first."""
    codebuild = deployment.client("codebuild")
    ids = codebuild.list_builds()["ids"]
    found: list[dict[str, Any]] = codebuild.batch_get_builds(ids=ids)["builds"] if ids else []
    return sorted(found, key=lambda build: build["buildNumber"], reverse=True)


def invoke(deployment: Deployment, name: str) -> Any:
    answer = deployment.client("lambda").invoke(FunctionName=f"remote-{name}", Payload=b"{}")
    return json.loads(answer["Payload"].read())


def archives(deployment: Deployment) -> dict[str, Any]:
    """When each archive was uploaded, by key."""
    listed = deployment.client("s3").list_objects_v2(Bucket="cdk-hnb659fds-assets-000000000000-us-east-1")
    return {each["Key"]: each["LastModified"] for each in listed["Contents"] if each["Key"].endswith(".gz")}


def change(deployment: Deployment, name: str, old: str, new: str) -> None:
    path = deployment.project / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_what_was_built_remotely_runs(deployed: Deployment) -> None:
    """Each on its base: remote on local on remote, and local on remote."""
    assert invoke(deployed, "handler") == {
        "version": 1,
        "bases": ["low", "up"],
        "queue": deployed.outputs()["QueueName"],
        "quoted": "it's $(hostname)",
        "hash": hashlib.sha256(WORD.encode()).hexdigest()[:8],
    }
    key = (deployed.project / "other.key").read_bytes()
    assert invoke(deployed, "other") == ["low", hashlib.sha256(key).hexdigest()[:8]]
    assert [build["buildStatus"] for build in builds(deployed)] == ["SUCCEEDED", "SUCCEEDED"]


def test_the_function_is_pinned_to_the_digest_that_was_built(deployed: Deployment) -> None:
    code = deployed.client("lambda").get_function(FunctionName="remote-handler")["Code"]
    tags = deployed.tags("remote-handler")
    (built,) = [digest for tag, digest in tags.items() if tag.startswith("sha-")]
    assert code["ImageUri"].endswith(f"remote-handler@{built}")


def test_the_secret_is_in_no_template_and_no_log(deployed: Deployment) -> None:
    assembly = deployed.project / "cdk.out"
    assert not [path for path in assembly.rglob("*") if path.is_file() and WORD.encode() in path.read_bytes()]
    logs = deployed.client("logs")
    messages = [
        event["message"]
        for group in logs.describe_log_groups()["logGroups"]
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
    ]
    assert any("docker buildx build" in message for message in messages)
    assert not [message for message in messages if WORD in message]


def test_a_second_deploy_builds_and_uploads_nothing(deployed: Deployment) -> None:
    before, uploaded = len(builds(deployed)), archives(deployed)
    assert len(uploaded) == 2
    assert deployed.deploy() == []
    assert len(builds(deployed)) == before
    assert archives(deployed) == uploaded


def test_a_failing_build_fails_its_stack_with_the_log_s_end(deployed: Deployment) -> None:
    before = len(builds(deployed))
    change(deployed, "handler/Dockerfile", "COPY handler.py ./", "RUN echo the cause && exit 7")
    with pytest.raises(AssertionError):
        deployed.deploy()
    assert "ended as FAILED in phase BUILD" in deployed.output
    assert "the cause" in deployed.output
    assert "exit code: 7" in deployed.output
    assert len(builds(deployed)) == before + 1, "and rolling back has built nothing"
    assert invoke(deployed, "handler")["version"] == 1


def test_a_changed_base_is_one_build_and_one_of_each_image_on_it(deployed: Deployment) -> None:
    """The deploy that puts an end to a failed one."""
    before = len(builds(deployed))
    change(deployed, "handler/Dockerfile", "RUN echo the cause && exit 7", "COPY handler.py ./")
    change(deployed, "handler/handler.py", "VERSION = 1", "VERSION = 2")
    (deployed.project / "lower" / "word").write_text("lower still")
    assert deployed.deploy() == LOCAL
    assert len(builds(deployed)) == before + 2
    answer = invoke(deployed, "handler")
    assert (answer["version"], answer["bases"]) == (2, ["lower still", "up"])
    assert invoke(deployed, "other")[0] == "lower still"
