"""Outputs and SSM parameters, under names that do not change."""

from __future__ import annotations

import shlex
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from scoped_images import BuildOptions, Platform, ScopedImage, StackOutputs
from tests.cdk.small_app import BOTH, REGISTRY, SmallApp
from tests.refusals import refused


def outputs_of(stack: cdk.Stack) -> dict[str, Any]:
    return {name: each["Value"] for name, each in Template.from_stack(stack).find_outputs("*").items()}


def test_an_image_puts_out_its_uri_digest_and_build_command(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    image = small_app.image(stack, "UploadImage", repository=small_app.repository("app-dev"))
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
    stack = small_app.stack("App")
    image = ScopedImage.from_dockerfile(
        stack,
        "Image",
        folder,
        build_args={"MODE": "two words"},
        build_contexts={"shared": folder / "shared"},
        target="last",
        repository=small_app.repository("app-dev"),
        options=BuildOptions(build_secrets={"token": "env=TOKEN"}),
        platform=Platform.LINUX_ARM64,
    )
    image.add_outputs(name="App")
    # fmt: off
    assert shlex.split(outputs_of(stack)["AppBuildCommand"]) == [
        "docker", "buildx", "build", "--push", "--provenance=false", "--platform", "linux/arm64",
        "--file", "app's/Dockerfile", "--target", "last", "--build-arg=MODE=two words",
        "--build-context=shared=app's/shared", "--secret=id=token,env=TOKEN",
        "--tag", f"{REGISTRY}/app-dev:{image.tag}", "app's",
    ]
    # fmt: on


@pytest.mark.parametrize("several", [False, True], ids=["CDK's own repository", "several platforms"])
def test_an_image_that_docker_cannot_push_by_one_command_has_none(small_app: SmallApp, several: bool) -> None:
    stack = small_app.stack("App")
    options: dict[str, Any] = (
        {"repository": small_app.repository("app-dev"), "platforms": BOTH} if several else {}
    )
    small_app.image(stack, **options).add_outputs(name="App")
    assert sorted(outputs_of(stack)) == ["AppImageDigest", "AppImageUri"]


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        (
            "a-b",
            None,
            "outputs: must be a name of letters and digits, got 'a-b' for 'App'; remove other characters",
        ),
        (
            "Taken",
            None,
            "outputs: stack 'App' already has a construct or output of this name, got 'Taken'; pass another name",
        ),
        ("A", "shop", "parameters: must be a path, got 'shop' for 'App'; use a path such as '/shop/dev'"),
    ],
)
def test_a_mistake_is_named(small_app: SmallApp, name: str, parameters: str | None, message: str) -> None:
    stack = small_app.stack("App")
    cdk.CfnOutput(stack, "Taken", value="x")
    with refused(message):
        StackOutputs(stack, "Outputs", {name: "x"}, parameters=parameters)
