"""Builds that wait because CodeBuild's quota is used up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scoped_images.remote.builds import BuildError
from tests.refusals import refused
from tests.unit.remote.stubbed_aws import (
    BUILD_ID,
    DATA,
    IMAGE,
    NOW,
    StubbedAws,
    event,
    no_place,
    waiting,
)


def test_a_build_that_found_its_place_late_is_left_to_end_when_the_deploy_has_no_time_left(
    stubbed_aws: StubbedAws,
) -> None:
    """Its image is there for the next deploy."""
    started = datetime.fromtimestamp(NOW + 1700, UTC)
    for now in (NOW + 1860, NOW + 1861):
        stubbed_aws.now = now
        stubbed_aws.expect(
            listed=[BUILD_ID], build="IN_PROGRESS", startTime=started, stack="UPDATE_IN_PROGRESS"
        )
        if now == NOW + 1860:
            assert stubbed_aws.builds.is_complete(waiting()) == {"IsComplete": False}
    with refused(
        f"build of {IMAGE} waited for a place in CodeBuild and is still running as {BUILD_ID}; deploy again when it has "
        "ended, and ask AWS for a higher quota of concurrent builds",
        BuildError,
    ):
        stubbed_aws.builds.is_complete(waiting())


def test_a_build_without_a_place_is_not_waited_for_in_the_first_step(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.expect(found=False)
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
        stubbed_aws.expect(listed=[], found=False, stack="UPDATE_IN_PROGRESS")
        attempt(stubbed_aws)
        assert stubbed_aws.builds.is_complete(waiting()) == {"IsComplete": False}
        stubbed_aws.now += 600
    stubbed_aws.expect(listed=[BUILD_ID], build="SUCCEEDED", found=True)
    assert stubbed_aws.builds.is_complete(waiting()) == {"IsComplete": True, "Data": DATA}


@pytest.mark.parametrize("by", ["request-0", None])
def test_a_build_of_an_earlier_deploy_or_by_hand_is_not_taken_for_the_one_that_waits(
    stubbed_aws: StubbedAws, by: str | None
) -> None:
    stubbed_aws.expect(listed=[BUILD_ID], build="FAILED", by=by, found=False, stack="UPDATE_IN_PROGRESS")
    stubbed_aws.start()
    assert stubbed_aws.builds.is_complete(waiting()) == {"IsComplete": False}


def test_past_the_deadline_a_build_that_found_no_place_is_given_up(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.now = NOW + 1800
    stubbed_aws.expect(listed=[], found=False, stack="UPDATE_IN_PROGRESS")
    no_place(stubbed_aws)
    assert stubbed_aws.builds.is_complete(waiting()) == {"IsComplete": False}
    stubbed_aws.now += 1
    stubbed_aws.expect(listed=[], found=False)
    with refused(
        f"build of {IMAGE} did not start: it took longer than 30 minutes, and all builds that CodeBuild lets this "
        "account run at once were in use; ask AWS for a higher quota of concurrent builds",
        BuildError,
    ):
        stubbed_aws.builds.is_complete(waiting())


def test_a_rollback_ends_the_wait_for_a_place(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.expect(listed=[], found=False, stack="UPDATE_ROLLBACK_IN_PROGRESS")
    with pytest.raises(BuildError, match="did not start: its stack went over to UPDATE_ROLLBACK_IN_PROGRESS"):
        stubbed_aws.builds.is_complete(waiting())
