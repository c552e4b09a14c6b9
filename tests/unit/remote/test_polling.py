"""What a poll of a started build answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from scoped_images.remote.builds import BuildError
from tests.refusals import refused
from tests.unit.remote.stubbed_aws import (
    BUILD_ID,
    DATA,
    IMAGE,
    NOW,
    StubbedAws,
    polled,
)


def test_a_build_under_way_is_waited_for(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.expect(build="IN_PROGRESS", stack="UPDATE_IN_PROGRESS")
    assert stubbed_aws.builds.is_complete(polled()) == {"IsComplete": False}


def test_a_build_that_succeeded_gives_the_registry_s_digest(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.expect(build="SUCCEEDED", found=True)
    assert stubbed_aws.builds.is_complete(polled()) == {"IsComplete": True, "Data": DATA}


def test_a_build_that_succeeded_without_an_image_fails(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.expect(build="SUCCEEDED", found=False)
    with refused(
        f"build {BUILD_ID} succeeded, but {IMAGE} is not in the registry: was it deleted meanwhile?",
        BuildError,
    ):
        stubbed_aws.builds.is_complete(polled())


def test_the_error_of_a_failed_build_has_phase_log_and_link(stubbed_aws: StubbedAws) -> None:
    logs = {"groupName": "group", "streamName": "stream", "deepLink": "https://console.example/log"}
    phases = [{"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"message": "exit status 1"}]}]
    stubbed_aws.expect(build="FAILED", logs=logs, phases=phases, found=False)
    stubbed_aws.stubs["logs"].add_response(
        "get_log_events",
        {"events": [{"message": "RUN pip install\nno such package"}]},
        {"logGroupName": "group", "logStreamName": "stream", "limit": 100, "startFromHead": False},
    )
    with refused(
        f"build of {IMAGE} ended as FAILED in phase BUILD: exit status 1\n"
        "RUN pip install\nno such package\nlog: https://console.example/log",
        BuildError,
    ):
        stubbed_aws.builds.is_complete(polled())


def test_the_error_of_a_failed_build_without_a_log_says_so(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.expect(build="TIMED_OUT", logs={"groupName": "group", "streamName": "stream"}, found=False)
    stubbed_aws.stubs["logs"].add_client_error("get_log_events", "ResourceNotFoundException", "no stream")
    with pytest.raises(BuildError, match=r"(?s)ended as TIMED_OUT.*the log cannot be read: .*no stream"):
        stubbed_aws.builds.is_complete(polled())


def test_a_build_that_lost_a_race_takes_the_winner_s_image(stubbed_aws: StubbedAws) -> None:
    """An immutable tag refuses the second push; what stands behind it is the same content."""
    stubbed_aws.expect(build="FAILED", found=True)
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
    with refused(
        f"build of {IMAGE} was stopped in phase BUILD: it took longer than 30 minutes\n"
        "RUN sleep infinity\nlog: https://console.example/log",
        BuildError,
    ):
        stubbed_aws.builds.is_complete(polled())


@pytest.mark.parametrize(
    "status", ["UPDATE_ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"]
)
def test_a_build_is_stopped_when_its_stack_no_longer_waits(status: str, stubbed_aws: StubbedAws) -> None:
    """The deploy was cancelled, or another resource failed."""
    stubbed_aws.expect(build="IN_PROGRESS", stack=status)
    stubbed_aws.stop()
    with refused(
        f"build of {IMAGE} was stopped in phase unknown: its stack went over to {status}\nlog: {BUILD_ID}",
        BuildError,
    ):
        stubbed_aws.builds.is_complete(polled())


def test_a_build_without_a_log_yet_is_stopped_all_the_same(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.expect(build="IN_PROGRESS", logs={"groupName": "group"}, stack="ROLLBACK_IN_PROGRESS")
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
    stubbed_aws.expect(build="IN_PROGRESS", stack=after)
    assert stubbed_aws.builds.is_complete(polled(StackStatus=before)) == {"IsComplete": False}


def test_a_stack_that_does_not_answer_stops_nothing(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.expect(build="IN_PROGRESS")
    stubbed_aws.stubs["cloudformation"].add_client_error("describe_stacks", "Throttling", "Rate exceeded")
    assert stubbed_aws.builds.is_complete(polled()) == {"IsComplete": False}


def throttled(aws: StubbedAws) -> None:
    aws.project()
    aws.stubs["codebuild"].add_client_error("batch_get_builds", "ThrottlingException", "Rate exceeded")


def internal_error(aws: StubbedAws) -> None:
    aws.project()
    aws.stubs["codebuild"].add_client_error("batch_get_builds", "InternalFailure", "", 500)


def throttled_by_ecr(aws: StubbedAws) -> None:
    aws.expect(build="SUCCEEDED")
    aws.stubs["ecr"].add_client_error("describe_images", "ThrottlingException", "Rate exceeded")


def throttled_while_stopping(aws: StubbedAws) -> None:
    aws.expect(build="IN_PROGRESS", stack="ROLLBACK_IN_PROGRESS")
    aws.stubs["codebuild"].add_client_error("stop_build", "ThrottlingException", "Rate exceeded")


@pytest.mark.parametrize("trouble", [throttled, internal_error, throttled_by_ecr, throttled_while_stopping])
def test_what_passes_is_asked_again_later(
    trouble: Callable[[StubbedAws], None], stubbed_aws: StubbedAws
) -> None:
    """An error here would end the deploy while the build continues."""
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
