"""The custom resource's steps against stubbed clients of AWS: each call and each answer as its reference has it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from scoped_images.remote.builds import BuildError
from tests.refusals import refused
from tests.unit.remote.requests import PROJECT, project, request
from tests.unit.remote.stubbed_aws import (
    BUILD_ID,
    DATA,
    IMAGE,
    NOW,
    StubbedAws,
    event,
)


@pytest.mark.parametrize(
    ("kind", "status"), [("Create", "CREATE_IN_PROGRESS"), ("Update", "UPDATE_ROLLBACK_IN_PROGRESS")]
)
def test_a_missing_image_is_built(kind: str, status: str, stubbed_aws: StubbedAws) -> None:
    """Also one that was deleted by hand, when an update goes back to older properties."""
    stubbed_aws.expect(found=False)
    stubbed_aws.start()
    stubbed_aws.stack(status)
    assert stubbed_aws.builds.on_event(event(kind)) == {
        "PhysicalResourceId": IMAGE,
        "BuildId": BUILD_ID,
        "Deadline": NOW + 30 * 60,
        "StackStatus": status,
    }


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_an_image_that_is_there_is_not_built(kind: str, stubbed_aws: StubbedAws) -> None:
    """So a rollback builds nothing, and neither does an update that leaves the image as it is."""
    stubbed_aws.expect(found=True)
    answer = stubbed_aws.builds.on_event(event(kind, PhysicalResourceId=IMAGE))
    assert answer == {"PhysicalResourceId": IMAGE, "Data": DATA}
    assert stubbed_aws.builds.is_complete(event(kind, **answer)) == {"IsComplete": True}


def test_a_delete_leaves_the_image(stubbed_aws: StubbedAws) -> None:
    gone = event("Delete", PhysicalResourceId="upload-dev:sha-older")
    assert stubbed_aws.builds.on_event(gone) == {"PhysicalResourceId": "upload-dev:sha-older"}
    assert stubbed_aws.builds.is_complete(gone) == {"IsComplete": True}


def test_one_event_for_one_image_starts_one_build_however_often_it_is_delivered(
    stubbed_aws: StubbedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a function that died between the start and its answer: CodeBuild knows the idempotency token."""
    tokens: list[str] = []

    def start_build(**parameters: Any) -> dict[str, Any]:
        tokens.append(parameters["idempotencyToken"])
        return {"build": {"id": BUILD_ID}}

    monkeypatch.setattr(stubbed_aws.clients["codebuild"], "start_build", start_build)
    other_image = event(ResourceProperties={"Project": PROJECT, "ImageTag": "sha-other"})
    for each in (event(), event(), event(RequestId="request-2"), other_image):
        tag = each["ResourceProperties"]["ImageTag"]
        stubbed_aws.project(project(request(tag=tag)))
        stubbed_aws.tag(found=False, tag=tag)
        stubbed_aws.stack("UPDATE_IN_PROGRESS")
        stubbed_aws.builds.on_event(each)
    one, again, *others = tokens
    assert one == again
    assert len({one, *others}) == 3
    assert len(one) == 64


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
    stubbed_aws.expect(found=False)
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
    with refused(
        "repository 'upload-dev' does not exist: if somebody deleted it, deploy its stack with --revert-drift, and then "
        "this stack again",
        BuildError,
    ):
        stubbed_aws.builds.on_event(event())
    assert stubbed_aws.slept == []


def test_a_start_is_not_tried_for_ever(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.expect(found=False)
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
    stubbed_aws.expect(found=False)
    with pytest.raises(ClientError, match="Throttling"):
        stubbed_aws.builds.on_event(event())
    assert stubbed_aws.slept == []


def test_a_start_that_is_refused_for_good_fails_at_once(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.expect(found=False)
    stubbed_aws.start_fails("ResourceNotFoundException", "Project cannot be found")
    with pytest.raises(ClientError, match="Project cannot be found"):
        stubbed_aws.builds.on_event(event())
    assert stubbed_aws.slept == []


def test_a_project_that_is_updated_a_moment_later_is_waited_for(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project(project(request(tag="sha-older")))
    stubbed_aws.expect(found=True)
    assert stubbed_aws.builds.on_event(event())["Data"] == DATA
    assert stubbed_aws.slept == [5.0]


def test_a_project_that_is_gone_is_named(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.stubs["codebuild"].add_response("batch_get_projects", {"projects": []}, {"names": [PROJECT]})
    with refused(
        f"Project: CodeBuild has no project {PROJECT!r}; deploy the image's stack again", BuildError
    ):
        stubbed_aws.builds.on_event(event())
