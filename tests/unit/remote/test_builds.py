"""The custom resource's steps against stubbed clients of AWS: each call and each answer as its reference has it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import ANY, Stubber

from scoped_images.remote.builds import BuildError, RemoteBuilds
from scoped_images.remote.image_project import PUBLISHED_TAG, REQUEST, ImageProject
from tests.unit.remote.requests import PROJECT, STACK_ID, project, request

DIGEST = f"sha256:{'0a' * 32}"
NOW = 1_800_000_000
IMAGE = "upload-dev:sha-0123456789ab"
DATA = {"Digest": DIGEST, "Hex": "0a" * 32, "Tag": "sha-0123456789ab"}
BUILD_ID = f"{PROJECT}:1"


class StubbedAws:
    """Stubs of the four clients, which refuse calls that are not expected."""

    def __init__(self) -> None:
        self.clients = {
            name: boto3.client(
                name, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
            )
            for name in ("ecr", "codebuild", "logs", "cloudformation")
        }
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


@pytest.fixture
def stubbed_aws() -> Iterator[StubbedAws]:
    """Every expected call must have come when the test ends."""
    aws = StubbedAws()
    with contextlib.ExitStack() as stack:
        for stub in aws.stubs.values():
            stack.enter_context(stub)
        yield aws
        for stub in aws.stubs.values():
            stub.assert_no_pending_responses()


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


def test_a_missing_image_is_built(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.tag(found=False)
    stubbed_aws.start()
    stubbed_aws.stack("UPDATE_IN_PROGRESS")
    assert stubbed_aws.builds.on_event(event()) == {
        "PhysicalResourceId": IMAGE,
        "BuildId": BUILD_ID,
        "Deadline": NOW + 30 * 60,
        "StackStatus": "UPDATE_IN_PROGRESS",
    }


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_an_image_that_is_there_is_not_built(kind: str, stubbed_aws: StubbedAws) -> None:
    """So a rollback builds nothing, and neither does an update that leaves the image as it is."""
    stubbed_aws.project()
    stubbed_aws.tag(found=True)
    answer = stubbed_aws.builds.on_event(event(kind, PhysicalResourceId=IMAGE))
    assert answer == {"PhysicalResourceId": IMAGE, "Data": DATA}
    assert stubbed_aws.builds.is_complete(event(kind, **answer)) == {"IsComplete": True}


def test_an_image_deleted_by_hand_is_built_again(stubbed_aws: StubbedAws) -> None:
    """An update back to older properties finds no image, and so builds it."""
    stubbed_aws.project()
    stubbed_aws.tag(found=False)
    stubbed_aws.start()
    stubbed_aws.stack("UPDATE_ROLLBACK_IN_PROGRESS")
    assert stubbed_aws.builds.on_event(event("Update", PhysicalResourceId=IMAGE))["BuildId"] == BUILD_ID


def test_a_delete_leaves_the_image(stubbed_aws: StubbedAws) -> None:
    gone = event("Delete", PhysicalResourceId="upload-dev:sha-older")
    assert stubbed_aws.builds.on_event(gone) == {"PhysicalResourceId": "upload-dev:sha-older"}
    assert stubbed_aws.builds.is_complete(gone) == {"IsComplete": True}


def tokens_of(stubbed_aws: StubbedAws, monkeypatch: pytest.MonkeyPatch, *events: dict[str, Any]) -> list[str]:
    """The idempotency tokens that CodeBuild, mocked here, is started with."""
    tokens: list[str] = []

    def start_build(**parameters: Any) -> dict[str, Any]:
        tokens.append(parameters["idempotencyToken"])
        return {"build": {"id": BUILD_ID}}

    monkeypatch.setattr(stubbed_aws.clients["codebuild"], "start_build", start_build)
    for each in events:
        tag = each["ResourceProperties"]["ImageTag"]
        stubbed_aws.project(project(request(tag=tag)))
        stubbed_aws.tag(found=False, tag=tag)
        stubbed_aws.stack("UPDATE_IN_PROGRESS")
        stubbed_aws.builds.on_event(each)
    return tokens


def test_an_event_delivered_twice_starts_one_build(
    stubbed_aws: StubbedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a function that died between the start and its answer: CodeBuild knows the token."""
    one, two = tokens_of(stubbed_aws, monkeypatch, event(), event())
    assert one == two
    assert len(one) == 64


def test_another_event_or_image_starts_another_build(
    stubbed_aws: StubbedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_image = event(ResourceProperties={"Project": PROJECT, "ImageTag": "sha-other"})
    tokens = tokens_of(stubbed_aws, monkeypatch, event(), event(RequestId="request-2"), other_image)
    assert len(set(tokens)) == 3


@pytest.mark.parametrize(
    ("code", "message", "status"),
    [
        (
            "InvalidInputException",
            "CodeBuild is not authorized to perform: sts:AssumeRole on service role",
            400,
        ),
        ("AccessDeniedException", "not authorized to perform: codebuild:StartBuild", 400),
        ("ThrottlingException", "Rate exceeded", 400),
        ("InternalFailure", "", 400),
        ("ServerException", "", 500),
    ],
)
def test_a_start_that_may_work_in_a_moment_is_tried_again(
    code: str, message: str, status: int, stubbed_aws: StubbedAws
) -> None:
    stubbed_aws.project()
    stubbed_aws.tag(found=False)
    stubbed_aws.start_fails(code, message, status)
    stubbed_aws.start()
    stubbed_aws.stack("CREATE_IN_PROGRESS")
    assert stubbed_aws.builds.on_event(event())["BuildId"] == BUILD_ID
    assert stubbed_aws.slept == [5.0]


def test_a_right_to_look_that_is_new_is_waited_for(stubbed_aws: StubbedAws) -> None:
    """A repository's right is given by a deploy of a moment ago."""
    stubbed_aws.project()
    stubbed_aws.stubs["ecr"].add_client_error("describe_images", "AccessDeniedException", "not authorized")
    stubbed_aws.tag(found=True)
    assert stubbed_aws.builds.on_event(event())["Data"] == DATA
    assert stubbed_aws.slept == [5.0]


def test_a_registry_that_lists_nothing_for_a_tag_has_no_image(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.stubs["ecr"].add_response("describe_images", {"imageDetails": []})
    stubbed_aws.start()
    stubbed_aws.stack("CREATE_IN_PROGRESS")
    assert stubbed_aws.builds.on_event(event())["BuildId"] == BUILD_ID


def test_a_repository_that_somebody_deleted_is_named(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.stubs["ecr"].add_client_error("describe_images", "RepositoryNotFoundException")
    with pytest.raises(BuildError) as caught:
        stubbed_aws.builds.on_event(event())
    assert str(caught.value) == (
        "repository 'upload-dev' does not exist: if somebody deleted it, deploy its stack with --revert-drift, and then "
        "this stack again"
    )
    assert stubbed_aws.slept == []


def test_a_start_is_not_tried_for_ever(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.tag(found=False)
    for _ in range(13):
        stubbed_aws.start_fails("ThrottlingException", "Rate exceeded")
    with pytest.raises(ClientError, match="Rate exceeded"):
        stubbed_aws.builds.on_event(event())
    assert sum(stubbed_aws.slept) == 60


def test_slow_answers_count_as_time_of_the_start(
    stubbed_aws: StubbedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client itself waits between its own attempts, and the function must end before Lambda ends it."""

    def slow_refusal(**_: Any) -> None:
        stubbed_aws.now += 61
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "StartBuild")

    monkeypatch.setattr(stubbed_aws.clients["codebuild"], "start_build", slow_refusal)
    stubbed_aws.project()
    stubbed_aws.tag(found=False)
    with pytest.raises(ClientError, match="Throttling"):
        stubbed_aws.builds.on_event(event())
    assert stubbed_aws.slept == []


def test_a_start_that_is_refused_for_good_fails_at_once(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.tag(found=False)
    stubbed_aws.start_fails("ResourceNotFoundException", "Project cannot be found")
    with pytest.raises(ClientError, match="Project cannot be found"):
        stubbed_aws.builds.on_event(event())
    assert stubbed_aws.slept == []


def test_a_build_under_way_is_waited_for(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.build("IN_PROGRESS")
    stubbed_aws.stack("UPDATE_IN_PROGRESS")
    assert stubbed_aws.builds.is_complete(polled()) == {"IsComplete": False}


def test_a_build_that_succeeded_gives_the_registry_s_digest(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.build("SUCCEEDED")
    stubbed_aws.tag(found=True)
    assert stubbed_aws.builds.is_complete(polled()) == {"IsComplete": True, "Data": DATA}


def test_a_build_that_succeeded_without_an_image_fails(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.build("SUCCEEDED")
    stubbed_aws.tag(found=False)
    with pytest.raises(BuildError) as caught:
        stubbed_aws.builds.is_complete(polled())
    assert str(caught.value) == (
        f"build {BUILD_ID} succeeded, but {IMAGE} is not in the registry: was it deleted meanwhile?"
    )


def test_a_failed_build_is_told_with_phase_log_and_link(stubbed_aws: StubbedAws) -> None:
    logs = {"groupName": "group", "streamName": "stream", "deepLink": "https://console.example/log"}
    phases = [{"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"message": "exit status 1"}]}]
    stubbed_aws.project()
    stubbed_aws.build("FAILED", logs=logs, phases=phases)
    stubbed_aws.tag(found=False)
    stubbed_aws.stubs["logs"].add_response(
        "get_log_events",
        {"events": [{"message": "RUN pip install\nno such package"}]},
        {"logGroupName": "group", "logStreamName": "stream", "limit": 100, "startFromHead": False},
    )
    with pytest.raises(BuildError) as caught:
        stubbed_aws.builds.is_complete(polled())
    assert str(caught.value) == (
        f"build of {IMAGE} ended as FAILED in phase BUILD: exit status 1\n"
        "RUN pip install\nno such package\nlog: https://console.example/log"
    )


def test_a_failed_build_whose_log_is_away_is_told_all_the_same(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.build("TIMED_OUT", logs={"groupName": "group", "streamName": "stream"})
    stubbed_aws.tag(found=False)
    stubbed_aws.stubs["logs"].add_client_error("get_log_events", "ResourceNotFoundException", "no stream")
    with pytest.raises(BuildError, match=r"(?s)ended as TIMED_OUT.*the log cannot be read: .*no stream"):
        stubbed_aws.builds.is_complete(polled())


def test_a_build_that_lost_a_race_takes_the_winner_s_image(stubbed_aws: StubbedAws) -> None:
    """An immutable tag refuses the second push; what stands behind it is the same content."""
    stubbed_aws.project()
    stubbed_aws.build("FAILED")
    stubbed_aws.tag(found=True)
    assert stubbed_aws.builds.is_complete(polled()) == {"IsComplete": True, "Data": DATA}


def test_past_its_deadline_a_build_is_stopped(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.now = NOW + 1800
    stubbed_aws.build("IN_PROGRESS")
    stubbed_aws.stack("UPDATE_IN_PROGRESS")
    assert stubbed_aws.builds.is_complete(polled()) == {"IsComplete": False}
    stubbed_aws.project()
    stubbed_aws.now += 1
    logs = {"groupName": "group", "streamName": "stream", "deepLink": "https://console.example/log"}
    stubbed_aws.build("IN_PROGRESS", currentPhase="BUILD", logs=logs)
    stubbed_aws.stop()
    stubbed_aws.stubs["logs"].add_response("get_log_events", {"events": [{"message": "RUN sleep infinity"}]})
    with pytest.raises(BuildError) as caught:
        stubbed_aws.builds.is_complete(polled())
    assert str(caught.value) == (
        f"build of {IMAGE} was stopped in phase BUILD: it took longer than 30 minutes\n"
        "RUN sleep infinity\nlog: https://console.example/log"
    )


def test_nothing_in_an_event_stops_a_build(stubbed_aws: StubbedAws) -> None:
    """The deadline follows from the build's own start, and the stack is the project's."""
    for _ in range(2):
        stubbed_aws.project()
        stubbed_aws.build("IN_PROGRESS")
        stubbed_aws.stack("UPDATE_IN_PROGRESS")
    stubbed_aws.now = NOW + 1799
    hostile = {"StackId": STACK_ID.replace("Functions", "RolledBack"), "StackStatus": "CREATE_IN_PROGRESS"}
    assert stubbed_aws.builds.is_complete(polled(**hostile)) == {"IsComplete": False}
    with pytest.raises(BuildError, match="is still running"):
        stubbed_aws.builds.is_complete(polled(**hostile, Deadline=0))


def test_a_build_is_neither_stopped_nor_read_for_another_request_than_its_own(
    stubbed_aws: StubbedAws,
) -> None:
    """Its stack rolls back, and its time is over; who asks does not know the id of CloudFormation's request."""
    stubbed_aws.project()
    stubbed_aws.now = NOW + 1801
    stubbed_aws.build("IN_PROGRESS")
    with pytest.raises(BuildError) as caught:
        stubbed_aws.builds.is_complete(polled(RequestId="made-up"))
    assert str(caught.value) == f"BuildId: another request started this build, got {BUILD_ID!r}"


def test_a_build_that_found_its_place_late_is_left_to_end_when_the_deploy_has_no_time_left(
    stubbed_aws: StubbedAws,
) -> None:
    """Its image is there for the next deploy."""
    started = datetime.fromtimestamp(NOW + 1700, UTC)
    for now in (NOW + 1860, NOW + 1861):
        stubbed_aws.now = now
        stubbed_aws.project()
        listed(stubbed_aws, BUILD_ID)
        stubbed_aws.build("IN_PROGRESS", startTime=started)
        stubbed_aws.stack("UPDATE_IN_PROGRESS")
        if now == NOW + 1860:
            assert stubbed_aws.builds.is_complete(waiting()) == {"IsComplete": False}
    with pytest.raises(BuildError) as caught:
        stubbed_aws.builds.is_complete(waiting())
    assert str(caught.value) == (
        f"build of {IMAGE} waited for a place in CodeBuild and is still running as {BUILD_ID}; deploy again when it has "
        "ended, and ask AWS for a higher quota of concurrent builds"
    )


@pytest.mark.parametrize(
    "status", ["UPDATE_ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"]
)
def test_a_build_that_nobody_waits_for_is_stopped(status: str, stubbed_aws: StubbedAws) -> None:
    """The deploy was cancelled, or another resource failed."""
    stubbed_aws.project()
    stubbed_aws.build("IN_PROGRESS")
    stubbed_aws.stack(status)
    stubbed_aws.stop()
    with pytest.raises(BuildError) as caught:
        stubbed_aws.builds.is_complete(polled())
    assert str(caught.value) == (
        f"build of {IMAGE} was stopped in phase unknown: its stack went over to {status}\nlog: {BUILD_ID}"
    )


def test_a_build_without_a_log_yet_is_stopped_all_the_same(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.build("IN_PROGRESS", logs={"groupName": "group"})
    stubbed_aws.stack("ROLLBACK_IN_PROGRESS")
    stubbed_aws.stop()
    with pytest.raises(BuildError, match="its stack went over to ROLLBACK_IN_PROGRESS"):
        stubbed_aws.builds.is_complete(polled())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"),
        ("UNKNOWN", "UPDATE_ROLLBACK_IN_PROGRESS"),
        ("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS"),
    ],
)
def test_a_build_that_a_rollback_started_goes_on(before: str, after: str, stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.build("IN_PROGRESS")
    stubbed_aws.stack(after)
    assert stubbed_aws.builds.is_complete(polled(StackStatus=before)) == {"IsComplete": False}


def test_a_stack_that_does_not_answer_stops_nothing(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.build("IN_PROGRESS")
    stubbed_aws.stubs["cloudformation"].add_client_error("describe_stacks", "Throttling", "Rate exceeded")
    assert stubbed_aws.builds.is_complete(polled()) == {"IsComplete": False}


def throttled(aws: StubbedAws) -> None:
    aws.project()
    aws.stubs["codebuild"].add_client_error("batch_get_builds", "ThrottlingException", "Rate exceeded")


def internal_error(aws: StubbedAws) -> None:
    aws.project()
    aws.stubs["codebuild"].add_client_error("batch_get_builds", "InternalFailure", "", 500)


def throttled_by_ecr(aws: StubbedAws) -> None:
    aws.project()
    aws.build("SUCCEEDED")
    aws.stubs["ecr"].add_client_error("describe_images", "ThrottlingException", "Rate exceeded")


def throttled_while_stopping(aws: StubbedAws) -> None:
    aws.project()
    aws.build("IN_PROGRESS")
    aws.stack("ROLLBACK_IN_PROGRESS")
    aws.stubs["codebuild"].add_client_error("stop_build", "ThrottlingException", "Rate exceeded")


@pytest.mark.parametrize("trouble", [throttled, internal_error, throttled_by_ecr, throttled_while_stopping])
def test_what_passes_is_asked_again_later(
    trouble: Callable[[StubbedAws], None], stubbed_aws: StubbedAws
) -> None:
    """An error here would end the deploy, and leave the build alone."""
    trouble(stubbed_aws)
    assert stubbed_aws.builds.is_complete(polled()) == {"IsComplete": False}


def test_a_lost_connection_is_asked_again_later(
    stubbed_aws: StubbedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_connection(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://codebuild")

    monkeypatch.setattr(stubbed_aws.clients["codebuild"], "batch_get_builds", no_connection)
    assert stubbed_aws.builds.is_complete(polled()) == {"IsComplete": False}


def test_what_does_not_pass_fails(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.stubs["codebuild"].add_client_error(
        "batch_get_builds", "AccessDeniedException", "not authorized"
    )
    with pytest.raises(ClientError, match="not authorized"):
        stubbed_aws.builds.is_complete(polled())


def test_a_build_that_codebuild_has_forgotten_fails(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.stubs["codebuild"].add_response(
        "batch_get_builds", {"builds": [], "buildsNotFound": [BUILD_ID]}
    )
    with pytest.raises(BuildError, match=f"CodeBuild does not know build {BUILD_ID} of {IMAGE} any more"):
        stubbed_aws.builds.is_complete(polled())


def test_a_step_that_died_midway_can_run_again(stubbed_aws: StubbedAws) -> None:
    """Looking again is safe: the first time the answer was lost after everything was done."""
    for _ in range(2):
        stubbed_aws.project()
        stubbed_aws.build("SUCCEEDED")
        stubbed_aws.tag(found=True)
    assert stubbed_aws.builds.is_complete(polled()) == stubbed_aws.builds.is_complete(polled())


HOSTILE = {
    "Role": "arn:aws:iam::111111111111:role/scoped-images/dev/victim",
    "Minutes": "480",
    "RegistryId": "222222222222",
    "RepositoryName": "victim",
    "RepositoryUri": "evil.example/x",
    "ArchiveBucket": "evil",
    "ArchiveKey": "evil.tar.gz",
    "Dockerfile": "evil",
    "Target": "evil",
    "BuildArguments": {"BASE_IMAGE_URI": "evil.example/x"},
    "LateArguments": ["URL"],
    "LateValues": {"URL": "https://evil.example"},
    "Secrets": {"x": ["PARAMETER_STORE", "/victim"]},
    "BuildKitImage": "evil.example/x",
    "CacheTo": "type=local,dest=/",
    "buildspecOverride": "version: 0.2",
}


def test_nothing_in_an_event_changes_what_is_built(stubbed_aws: StubbedAws) -> None:
    """The stubs refuse any word that is not the project's: what its image's stack wrote is what is built."""
    found = project(URL="https://a")
    tag = ImageProject.read(found).published_tag
    stubbed_aws.project(found)
    stubbed_aws.tag(found=False, tag=tag)
    stubbed_aws.start(**{PUBLISHED_TAG: tag})
    stubbed_aws.stack("CREATE_IN_PROGRESS")
    hostile = {**HOSTILE, "Project": PROJECT, "ImageTag": "sha-0123456789ab"}
    answer = stubbed_aws.builds.on_event(event(ResourceProperties=hostile))
    assert answer["PhysicalResourceId"] == f"upload-dev:{tag}"
    assert answer["Deadline"] == NOW + 30 * 60


@pytest.mark.parametrize(
    "name",
    [
        "another-project",
        "scoped-images-dev",
        "scoped-images-dev-2_App",
        f"arn:aws:codebuild:eu-west-1:111111111111:project/{PROJECT}",
        ["scoped-images-dev_App"],
        None,
    ],
)
def test_an_event_cannot_name_a_project_that_is_not_the_builder_s(
    name: object, stubbed_aws: StubbedAws
) -> None:
    """Refused before AWS is asked anything."""
    refused = event(ResourceProperties={"Project": name, "ImageTag": "sha-0123456789ab"})
    for step in (stubbed_aws.builds.on_event, stubbed_aws.builds.is_complete):
        with pytest.raises(BuildError) as caught:
            step({**refused, "Deadline": NOW, "StackStatus": "UNKNOWN"})
        assert str(caught.value) == (
            f"Project: not a project of this builder, got {name!r}; its projects start with 'scoped-images-dev_'"
        )


def test_an_event_cannot_name_another_image_than_the_project_s(stubbed_aws: StubbedAws) -> None:
    """For a minute a project that was updated a moment ago may answer as it was before."""
    for _ in range(13):
        stubbed_aws.project()
    other = event(ResourceProperties={"Project": PROJECT, "ImageTag": "sha-other"})
    with pytest.raises(BuildError) as caught:
        stubbed_aws.builds.on_event(other)
    assert str(caught.value) == f"ImageTag: project {PROJECT!r} builds 'sha-0123456789ab', got 'sha-other'"


def test_a_project_that_is_updated_a_moment_later_is_waited_for(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project(project(request(tag="sha-older")))
    stubbed_aws.project()
    stubbed_aws.tag(found=True)
    assert stubbed_aws.builds.on_event(event())["Data"] == DATA
    assert stubbed_aws.slept == [5.0]


def test_an_event_cannot_stop_or_read_a_build_of_another_project(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    with pytest.raises(BuildError) as caught:
        stubbed_aws.builds.is_complete(polled(BuildId="scoped-images-dev_Victim:1", Deadline=0))
    assert str(caught.value) == (
        f"BuildId: not a build of project {PROJECT!r}, got 'scoped-images-dev_Victim:1'"
    )


def test_a_project_that_is_gone_is_named(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.stubs["codebuild"].add_response("batch_get_projects", {"projects": []}, {"names": [PROJECT]})
    with pytest.raises(BuildError) as caught:
        stubbed_aws.builds.on_event(event())
    assert str(caught.value) == (
        f"Project: CodeBuild has no project {PROJECT!r}; deploy the image's stack again"
    )


def waiting(**more: Any) -> dict[str, Any]:
    """What the provider asks with while no build has started."""
    event = polled(**more)
    del event["BuildId"]
    return event


def no_place(aws: StubbedAws) -> None:
    aws.start_fails(
        "AccountLimitExceededException", "Cannot have more than 1 builds in queue for the account"
    )


def listed(aws: StubbedAws, *ids: str) -> None:
    aws.stubs["codebuild"].add_response(
        "list_builds_for_project",
        {"ids": list(ids)} if ids else {},
        {"projectName": PROJECT, "sortOrder": "DESCENDING"},
    )


def test_a_build_without_a_place_is_not_waited_for_in_the_first_step(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    stubbed_aws.tag(found=False)
    no_place(stubbed_aws)
    stubbed_aws.stack("CREATE_IN_PROGRESS")
    assert stubbed_aws.builds.on_event(event()) == {
        "PhysicalResourceId": IMAGE,
        "Deadline": NOW + 30 * 60,
        "StackStatus": "CREATE_IN_PROGRESS",
    }
    assert stubbed_aws.slept == []


def test_each_poll_tries_again_for_a_place_until_the_build_has_one(stubbed_aws: StubbedAws) -> None:
    for attempt in (no_place, no_place, StubbedAws.start):
        stubbed_aws.project()
        listed(stubbed_aws)
        stubbed_aws.tag(found=False)
        stubbed_aws.stack("UPDATE_IN_PROGRESS")
        attempt(stubbed_aws)
        assert stubbed_aws.builds.is_complete(waiting()) == {"IsComplete": False}
        stubbed_aws.now += 600
    stubbed_aws.project()
    listed(stubbed_aws, BUILD_ID)
    stubbed_aws.build("SUCCEEDED")
    stubbed_aws.tag(found=True)
    assert stubbed_aws.builds.is_complete(waiting()) == {"IsComplete": True, "Data": DATA}


@pytest.mark.parametrize("by", ["request-0", None])
def test_a_build_of_an_earlier_deploy_or_by_hand_is_not_taken_for_the_one_that_waits(
    stubbed_aws: StubbedAws, by: str | None
) -> None:
    stubbed_aws.project()
    listed(stubbed_aws, BUILD_ID)
    stubbed_aws.build("FAILED", by=by)
    stubbed_aws.tag(found=False)
    stubbed_aws.stack("UPDATE_IN_PROGRESS")
    stubbed_aws.start()
    assert stubbed_aws.builds.is_complete(waiting()) == {"IsComplete": False}


def test_past_the_deadline_a_build_that_found_no_place_is_given_up(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.now = NOW + 1800
    stubbed_aws.project()
    listed(stubbed_aws)
    stubbed_aws.tag(found=False)
    stubbed_aws.stack("UPDATE_IN_PROGRESS")
    no_place(stubbed_aws)
    assert stubbed_aws.builds.is_complete(waiting()) == {"IsComplete": False}
    stubbed_aws.now += 1
    stubbed_aws.project()
    listed(stubbed_aws)
    stubbed_aws.tag(found=False)
    with pytest.raises(BuildError) as caught:
        stubbed_aws.builds.is_complete(waiting())
    assert str(caught.value) == (
        f"build of {IMAGE} did not start: it took longer than 30 minutes, and all builds that CodeBuild lets this "
        "account run at once were in use; ask AWS for a higher quota of concurrent builds"
    )


def test_a_rollback_ends_the_wait_for_a_place(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    listed(stubbed_aws)
    stubbed_aws.tag(found=False)
    stubbed_aws.stack("UPDATE_ROLLBACK_IN_PROGRESS")
    with pytest.raises(BuildError, match="did not start: its stack went over to UPDATE_ROLLBACK_IN_PROGRESS"):
        stubbed_aws.builds.is_complete(waiting())
