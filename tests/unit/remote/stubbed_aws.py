"""Stubs of AWS for the custom resource of remote builds, and its events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.stub import ANY, Stubber

from scoped_images.remote.builds import RemoteBuilds
from scoped_images.remote.image_project import REQUEST
from tests.unit.remote.requests import PROJECT, STACK_ID, project

DIGEST = f"sha256:{'0a' * 32}"
NOW = 1_800_000_000
IMAGE = "upload-dev:sha-0123456789ab"
DATA = {"Hex": "0a" * 32, "Tag": "sha-0123456789ab"}
BUILD_ID = f"{PROJECT}:1"


@cache
def _clients() -> dict[str, Any]:
    """To make one takes longer than a test."""
    names = ("ecr", "codebuild", "logs", "cloudformation")
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return {name: boto3.client(name, region_name="eu-west-1", **keys) for name in names}


class StubbedAws:
    """Stubs of the four clients, which refuse calls that are not expected."""

    def __init__(self) -> None:
        self.clients = _clients()
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        self.slept: list[float] = []
        self.now = float(NOW)

    @property
    def builds(self) -> RemoteBuilds:
        return RemoteBuilds(
            prefix="scoped-images-dev_",
            ecr=self.clients["ecr"],
            codebuild=self.clients["codebuild"],
            logs=self.clients["logs"],
            cloudformation=self.clients["cloudformation"],
            now=lambda: self.now,
            sleep=self.sleep,
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def expect(
        self,
        *,
        listed: Sequence[str] | None = None,
        build: str | None = None,
        found: bool | None = None,
        stack: str | None = None,
        **of_build: Any,
    ) -> None:
        """The look-ups of one step: of the project, and of builds, the tag and the stack where they are given."""
        self.project()
        if listed is not None:
            parameters = {"projectName": PROJECT, "sortOrder": "DESCENDING"}
            answer = {"ids": list(listed)} if listed else {}
            self.stubs["codebuild"].add_response("list_builds_for_project", answer, parameters)
        if build is not None:
            self.build(build, **of_build)
        if found is not None:
            self.tag(found=found)
        if stack is not None:
            self.stack(stack)

    def tag(self, *, found: bool, tag: str = "sha-0123456789ab") -> None:
        """The look-up of the image's tag."""
        asked = {"repositoryName": "upload-dev", "imageIds": [{"imageTag": tag}]}
        if found:
            self.stubs["ecr"].add_response(
                "describe_images", {"imageDetails": [{"imageDigest": DIGEST}]}, asked
            )
        else:
            self.stubs["ecr"].add_client_error(
                "describe_images", "ImageNotFoundException", expected_params=asked
            )

    def project(self, found: dict[str, Any] | None = None) -> None:
        """The look-up of the image's project."""
        found = found or project()
        self.stubs["codebuild"].add_response(
            "batch_get_projects", {"projects": [found]}, {"names": [found["name"]]}
        )

    def start(self, **variables: str) -> None:
        self.stubs["codebuild"].add_response(
            "start_build", {"build": {"id": BUILD_ID}}, start_parameters(**variables)
        )

    def start_fails(self, code: str, message: str, status: int = 400) -> None:
        self.stubs["codebuild"].add_client_error(
            "start_build", code, message, status, expected_params=start_parameters()
        )

    def stack(self, status: str) -> None:
        stack = {"StackName": "Functions", "CreationTime": NOW, "StackStatus": status}
        self.stubs["cloudformation"].add_response(
            "describe_stacks", {"Stacks": [stack]}, {"StackName": STACK_ID}
        )

    def build(self, status: str, *, by: str | None = "request-1", **more: Any) -> None:
        """The look-up of a build: by a request, or started by hand with the project's own variables."""
        variables = list(project()["environment"]["environmentVariables"])
        variables += [{"name": REQUEST, "value": by, "type": "PLAINTEXT"}] if by else []
        build = {
            "id": BUILD_ID,
            "buildStatus": status,
            "startTime": datetime.fromtimestamp(NOW, UTC),
            "environment": {**project()["environment"], "environmentVariables": variables},
            **more,
        }
        self.stubs["codebuild"].add_response("batch_get_builds", {"builds": [build]}, {"ids": [BUILD_ID]})

    def stop(self) -> None:
        self.stubs["codebuild"].add_response("stop_build", {"build": {"id": BUILD_ID}}, {"id": BUILD_ID})


def start_parameters(**variables: str) -> dict[str, Any]:
    """Everything that StartBuild is given: nothing of it comes from the event but the request's id."""
    given = {REQUEST: "request-1", **variables}
    return {
        "projectName": PROJECT,
        "environmentVariablesOverride": [
            {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in given.items()
        ],
        "idempotencyToken": ANY,
    }


def event(kind: str = "Create", **more: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "RequestId": "request-1",
        "StackId": STACK_ID,
        "ResourceProperties": {"Project": PROJECT, "ImageTag": "sha-0123456789ab"},
        **more,
    }


def polled(**more: Any) -> dict[str, Any]:
    """What the provider asks with once a build was started."""
    started = {"BuildId": BUILD_ID, "Deadline": NOW + 1800, "StackStatus": "UPDATE_IN_PROGRESS"}
    return event(PhysicalResourceId=IMAGE, **{**started, **more})


def waiting(**more: Any) -> dict[str, Any]:
    """What the provider asks with while no build has started."""
    event = polled(**more)
    del event["BuildId"]
    return event


def no_place(aws: StubbedAws) -> None:
    aws.start_fails(
        "AccountLimitExceededException", "Cannot have more than 1 builds in queue for the account"
    )
