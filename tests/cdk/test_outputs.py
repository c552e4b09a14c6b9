"""Outputs and SSM parameters, under names that do not change."""

from __future__ import annotations

import shlex
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from scoped_images import (
    BuildOptions,
    ImageRepository,
    Platform,
    ScopedImage,
    StackOutputs,
)
from tests.cdk.small_app import SmallApp
from tests.refusals import refused

URI = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/app-dev"


def outputs_of(stack: cdk.Stack) -> dict[str, Any]:
    return {name: each["Value"] for name, each in Template.from_stack(stack).find_outputs("*").items()}


def test_an_image_puts_out_its_uri_digest_and_build_command(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    stack = small_app.stack("App")
    image = ScopedImage(
        stack,
        "UploadImage",
        context=small_app.context("app"),
        repository=repository,
    )
    image.add_outputs(parameters="/shop/dev")
    outputs = outputs_of(stack)
    assert sorted(outputs) == ["UploadBuildCommand", "UploadImageDigest", "UploadImageUri"]
    parameters = Template.from_stack(stack).find_resources("AWS::SSM::Parameter").values()
    assert {each["Properties"]["Name"]: each["Properties"]["Value"] for each in parameters} == {
        f"/shop/dev/{name}": value for name, value in outputs.items()
    }


def test_the_build_command_is_what_the_deploy_builds(
    small_app: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small_app.directory / "app's"
    (folder / "shared").mkdir(parents=True)
    (folder / "Dockerfile").write_text(
        "ARG MODE\nFROM scratch AS last\nARG MODE\nCOPY Dockerfile /\nCOPY --from=shared . /\n"
    )
    (folder / "shared" / "code.py").write_text("")
    monkeypatch.chdir(small_app.directory)
    repository = small_app.repository("app-dev")
    stack = small_app.stack("App")
    image = ScopedImage.from_dockerfile(
        stack,
        "Image",
        folder,
        build_args={"MODE": "two words"},
        build_contexts={"shared": folder / "shared"},
        target="last",
        repository=repository,
        options=BuildOptions(build_secrets={"token": "env=TOKEN"}),
        platform=Platform.LINUX_ARM64,
    )
    image.add_outputs(name="App")
    # fmt: off
    assert shlex.split(outputs_of(stack)["AppBuildCommand"]) == [
        "docker", "buildx", "build", "--push", "--provenance=false", "--platform", "linux/arm64",
        "--file", "app's/Dockerfile", "--target", "last", "--build-arg=MODE=two words",
        "--build-context=shared=app's/shared", "--secret=id=token,env=TOKEN", "--tag", f"{URI}:{image.tag}", "app's",
    ]
    # fmt: on


@pytest.mark.parametrize("several", [False, True], ids=["CDK's own repository", "several platforms"])
def test_an_image_that_docker_cannot_push_by_one_command_has_none(small_app: SmallApp, several: bool) -> None:
    repository = small_app.repository("app-dev")
    stack = small_app.stack("App")
    options: dict[str, Any] = {"repository": repository, "platforms": list(Platform)} if several else {}
    ScopedImage(stack, "Image", context=small_app.context("app"), **options).add_outputs(name="App")
    assert sorted(outputs_of(stack)) == ["AppImageDigest", "AppImageUri"]


def test_an_existing_repository_has_outputs_too(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    ImageRepository.from_name(stack, "Upload", "app-dev").add_outputs()
    assert outputs_of(stack)["UploadRepositoryUri"] == URI


@pytest.mark.parametrize(
    ("values", "parameters", "message"),
    [
        (
            {"a-b": "x"},
            None,
            "outputs: must be a name of letters and digits, got 'a-b' for 'App'; remove other characters",
        ),
        (
            {"Taken": "x"},
            None,
            "outputs: stack 'App' already has a construct or output of this name, got 'Taken'; pass another name",
        ),
        (
            {"A": "x"},
            "shop",
            "parameters: must be a path, got 'shop' for 'App'; use a path such as '/shop/dev'",
        ),
    ],
)
def test_a_mistake_is_named(
    small_app: SmallApp, values: dict[str, str], parameters: str | None, message: str
) -> None:
    stack = small_app.stack("App")
    cdk.CfnOutput(stack, "Taken", value="x")
    with refused(message):
        StackOutputs(stack, "Outputs", values, parameters=parameters)
