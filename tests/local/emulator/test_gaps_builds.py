"""Builds of CodeBuild really run. Stock ministack only reports that they succeeded."""

from __future__ import annotations

import json
import os
from typing import Any

from cdk_local_aws.emulator.sandbox import USER
from cdk_local_aws.emulator.settings import EmulatorSettings
from tests.local.emulator.aws import GAP, Aws
from tests.local.waiting import wait_until


def project(aws: Aws) -> str:
    name = aws.name("project")
    aws.client("codebuild").create_project(
        name=name,
        source={"type": "NO_SOURCE", "buildspec": spec("true")},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "any", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole="arn:aws:iam::000000000000:role/build",
    )
    return name


def spec(*commands: str) -> str:
    phases = {"build": {"commands": list(commands)}}
    return json.dumps({"version": "0.2", "env": {"exported-variables": ["WORD"]}, "phases": phases})


def build(aws: Aws, name: str, *commands: str, **more: Any) -> dict[str, Any]:
    """Start a build and wait for its end."""
    codebuild = aws.client("codebuild")
    started = codebuild.start_build(projectName=name, buildspecOverride=spec(*commands), **more)["build"]

    def ended() -> dict[str, Any] | None:
        (found,) = codebuild.batch_get_builds(ids=[started["id"]])["builds"]
        return None if found["buildStatus"] == "IN_PROGRESS" else found

    build = wait_until(ended)
    assert build
    return build


def log(aws: Aws, ended: dict[str, Any]) -> list[str]:
    events = aws.client("logs").get_log_events(
        logGroupName=ended["logs"]["groupName"], logStreamName=ended["logs"]["streamName"]
    )["events"]
    return [event["message"] for event in events if not event["message"].startswith("[Container]")]


def test_a_build_has_codebuild_s_variables_the_emulated_aws_and_its_log_in_its_stream(aws: Aws) -> None:
    account = "aws sts get-caller-identity --query Account --output text"
    ended = build(aws, project(aws), 'echo "$CODEBUILD_BUILD_ID in $AWS_REGION"', account, "export WORD=done")
    assert ended["buildStatus"] == "SUCCEEDED"
    assert log(aws, ended) == [f"{ended['id']} in us-east-1", "000000000000"]
    assert ended["exportedEnvironmentVariables"] == [{"name": "WORD", "value": "done"}]


@GAP
def test_a_failing_build_fails_in_its_phase(aws: Aws) -> None:
    ended = build(aws, project(aws), "exit 3")
    assert ended["buildStatus"] == "FAILED"
    (phase,) = [each for each in ended["phases"] if each.get("phaseStatus") == "FAILED"]
    assert phase["phaseType"] == "BUILD"
    assert "exit status 3" in phase["contexts"][0]["message"]


def test_secrets_and_parameters_are_variables(aws: Aws) -> None:
    value = "with 'quotes' and $(words)\nof two lines"
    secret, parameter = aws.name("secret"), aws.name("/parameter")
    aws.client("secretsmanager").create_secret(Name=secret, SecretString=json.dumps({"key": value}))
    aws.client("ssm").put_parameter(Name=parameter, Value=value, Type="SecureString")
    variables = [
        {"name": "A", "type": "SECRETS_MANAGER", "value": f"{secret}:key"},
        {"name": "B", "type": "PARAMETER_STORE", "value": parameter},
        {"name": "C", "type": "PLAINTEXT", "value": value},
    ]
    ended = build(
        aws,
        project(aws),
        '[ "$A" = "$C" ] && [ "$B" = "$C" ] && echo same',
        environmentVariablesOverride=variables,
    )
    assert log(aws, ended) == ["same"]


def test_one_token_is_one_build(aws: Aws) -> None:
    name, codebuild = project(aws), aws.client("codebuild")
    started = [
        codebuild.start_build(projectName=name, idempotencyToken=token)["build"]["id"]
        for token in ("one", "one", "two")
    ]
    assert started[0] == started[1] != started[2]


def test_a_stopped_build_is_stopped(aws: Aws) -> None:
    codebuild = aws.client("codebuild")
    started = codebuild.start_build(projectName=project(aws), buildspecOverride=spec("sleep 60"))["build"]
    codebuild.stop_build(id=started["id"])
    builds = codebuild.batch_get_builds
    wait_until(lambda: builds(ids=[started["id"]])["builds"][0]["buildStatus"] == "STOPPED")


def test_a_build_is_a_user_without_rights_and_without_the_owner_s_files(
    aws: Aws, settings: EmulatorSettings
) -> None:
    ended = build(aws, project(aws), "id --user", f"cat {settings.secret_file} /etc/shadow || true")
    assert log(aws, ended) == [
        str(USER if os.geteuid() == 0 else os.getuid()),
        f"cat: {settings.secret_file}: No such file or directory",
        "cat: /etc/shadow: No such file or directory",
    ]
