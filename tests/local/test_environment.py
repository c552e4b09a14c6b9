"""The variables that lead the CDK CLI, boto3 and docker to the local environment."""

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from cdk_local_aws.__main__ import Places
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.engine import Engine
from cdk_local_aws.environment import LocalEnvironment, local_url
from cdk_local_aws.errors import LocalError

ENGINE = Engine(
    docker=Path("/engine/bin/docker"),
    host="unix:///engine.sock",
    private=True,
    config=Path("/engine/client"),
    variables={"BUILDX_BUILDER": ""},
)


@pytest.fixture
def env(tmp_path: Path) -> LocalEnvironment:
    env = LocalEnvironment(state=tmp_path, port=4711, account="111111111111", region="eu-west-1")
    Keys.new(env.emulator)
    return env


def test_clients_are_led_to_the_emulator_with_the_accounts_keys(env: LocalEnvironment) -> None:
    variables = env.variables(ENGINE)
    assert {name: value for name, value in variables.items() if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4711",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:4711",
        "AWS_ACCESS_KEY_ID": "111111111111",
        "AWS_SECRET_ACCESS_KEY": Keys.read(env.emulator).secret,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def test_docker_is_the_engines_behind_an_executable_program(env: LocalEnvironment) -> None:
    variables = env.variables(ENGINE)
    assert variables["DOCKER_HOST"] == "unix:///engine.sock"
    assert variables["DOCKER_CONFIG"] == "/engine/client"
    assert variables["BUILDX_BUILDER"] == "", "the shell may name a builder that this engine does not have"
    assert variables["LOCAL_AWS_DOCKER"] == "/engine/bin/docker"
    assert variables["LOCAL_AWS_REGISTRY_PORT"] == "4711"
    assert os.access(variables["CDK_DOCKER"], os.X_OK)
    assert variables["PATH"].split(":")[:2] == [str(Path(sys.executable).parent), "/engine/bin"]


def test_docker_gets_the_names_of_stand_ins(env: LocalEnvironment) -> None:
    with_one = dataclasses.replace(env, stand_ins=("public.ecr.aws/lambda/python:3.13",))
    assert env.variables(ENGINE)["LOCAL_AWS_STAND_INS"] == "[]"
    assert with_one.variables(ENGINE)["LOCAL_AWS_STAND_INS"] == '["public.ecr.aws/lambda/python:3.13"]'


def test_settings_of_the_shell_for_aws_and_cdk_are_dropped(env: LocalEnvironment) -> None:
    inherited = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "CDK_DEBUG": "1", "HOME": "/home/me"}
    made = env.process_environment(ENGINE, inherited)
    assert made["HOME"] == "/home/me"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "CDK_DEBUG"} & set(made)


def test_only_cdk_docker_is_a_variable_that_the_cli_may_read_as_an_option(env: LocalEnvironment) -> None:
    assert [name for name in env.variables(ENGINE) if name.startswith("CDK")] == ["CDK_DOCKER"]


def test_requests_to_loopback_bypass_the_users_proxy(
    env: LocalEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    variables = env.variables(ENGINE)
    assert variables["NO_PROXY"] == variables["no_proxy"] == "intranet.example,127.0.0.1,localhost"


@pytest.mark.parametrize(
    ("dns_name", "url"),
    [
        ("api-1a2b3c4d.us-east-1.elb.amazonaws.com", "http://127.0.0.1:4711/_alb/api"),
        ("stack-lb-9f-1a2b3c4d.us-east-1.elb.amazonaws.com", "http://127.0.0.1:4711/_alb/stack-lb-9f"),
    ],
)
def test_a_load_balancer_has_a_plain_address(dns_name: str, url: str) -> None:
    assert local_url(dns_name, 4711) == url


@pytest.mark.parametrize("port", ["x", "80", "70000"])
def test_an_invalid_port_is_named(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_AWS_PORT", port)
    with pytest.raises(LocalError) as raised:
        Places.read()
    assert str(raised.value) == (
        f"LOCAL_AWS_PORT: invalid port, got {port!r}; give a number from 1024 to 65535"
    )
