"""Whoever invokes the function can only repeat what the image's stack asks for."""

from __future__ import annotations

import pytest

from scoped_images.remote.builds import BuildError
from scoped_images.remote.image_project import PUBLISHED_TAG, ImageProject
from tests.refusals import refused
from tests.unit.remote.requests import PROJECT, STACK_ID, project
from tests.unit.remote.stubbed_aws import (
    BUILD_ID,
    NOW,
    StubbedAws,
    event,
    polled,
)


def test_nothing_in_an_event_stops_a_build(stubbed_aws: StubbedAws) -> None:
    """The deadline follows from the build's own start, and the stack is the project's."""
    for _ in range(2):
        stubbed_aws.expect(build="IN_PROGRESS", stack="UPDATE_IN_PROGRESS")
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
    with refused(f"BuildId: another request started this build, got {BUILD_ID!r}", BuildError):
        stubbed_aws.builds.is_complete(polled(RequestId="made-up"))


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
    asked = event(ResourceProperties={"Project": name, "ImageTag": "sha-0123456789ab"})
    for step in (stubbed_aws.builds.on_event, stubbed_aws.builds.is_complete):
        with refused(
            f"Project: not a project of this builder, got {name!r}; its projects start with 'scoped-images-dev_'",
            BuildError,
        ):
            step({**asked, "Deadline": NOW, "StackStatus": "UNKNOWN"})


def test_an_event_cannot_name_another_image_than_the_project_s(stubbed_aws: StubbedAws) -> None:
    """For a minute a project that was updated a moment ago may answer as it was before."""
    for _ in range(13):
        stubbed_aws.project()
    other = event(ResourceProperties={"Project": PROJECT, "ImageTag": "sha-other"})
    with refused(f"ImageTag: project {PROJECT!r} builds 'sha-0123456789ab', got 'sha-other'", BuildError):
        stubbed_aws.builds.on_event(other)


def test_an_event_cannot_stop_or_read_a_build_of_another_project(stubbed_aws: StubbedAws) -> None:
    stubbed_aws.project()
    with refused(
        f"BuildId: not a build of project {PROJECT!r}, got 'scoped-images-dev_Victim:1'", BuildError
    ):
        stubbed_aws.builds.is_complete(polled(BuildId="scoped-images-dev_Victim:1", Deadline=0))
