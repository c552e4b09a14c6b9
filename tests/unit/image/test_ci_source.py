"""Which builds CI systems say are of the main branch."""

from __future__ import annotations

import pytest

from scoped_images.image.ci_source import CiSource, not_main

PULL_REQUEST = CiSource(text="a pull request", is_pull_request=True)


@pytest.mark.parametrize(
    "variables",
    [
        {"GITHUB_HEAD_REF": "feature", "GITHUB_REF": "refs/pull/7/merge"},
        # pull_request_target: the ref is the base.
        {"GITHUB_HEAD_REF": "feature", "GITHUB_REF": "refs/heads/main"},
        {"CI_MERGE_REQUEST_IID": "7"},
        {"CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_CREATED", "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/main"},
        {"BUILDKITE_PULL_REQUEST": "7", "BUILDKITE_BRANCH": "main"},
        {"SYSTEM_PULLREQUEST_PULLREQUESTID": "7", "BUILD_SOURCEBRANCH": "refs/pull/7/merge"},
        {"CIRCLE_PULL_REQUEST": "https://git.example/pull/7"},
        {"BITBUCKET_PR_ID": "7", "BITBUCKET_BRANCH": "main"},
        {"CHANGE_ID": "7", "BRANCH_NAME": "PR-7"},
        # A build that a person or another build started, without a webhook.
        {"CODEBUILD_SOURCE_VERSION": "pr/7"},
        # The branch is the base.
        {"DRONE_PULL_REQUEST": "7", "DRONE_BRANCH": "main"},
        {"TRAVIS_PULL_REQUEST": "7", "TRAVIS_BRANCH": "main"},
        {"APPVEYOR_PULL_REQUEST_NUMBER": "7", "APPVEYOR_REPO_BRANCH": "main"},
        {"SEMAPHORE_GIT_PR_NUMBER": "7", "SEMAPHORE_GIT_BRANCH": "main"},
    ],
)
def test_a_pull_request_is_recognized(variables: dict[str, str]) -> None:
    assert not_main(variables) == PULL_REQUEST


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "issue_comment"])
def test_an_event_whose_workflow_may_check_out_a_pull_request_is_not_main(event: str) -> None:
    found = not_main({"GITHUB_EVENT_NAME": event, "GITHUB_REF": "refs/heads/main"})
    assert found == CiSource(text=f"event {event!r}", is_pull_request=True)


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"GITHUB_REF": "refs/heads/feature"}, "branch 'feature'"),
        ({"GITHUB_REF": "refs/heads/feature/main"}, "branch 'feature/main'"),
        ({"GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-7"}, "branch 'gh-readonly-queue/main/pr-7'"),
        # Named like the main branch, and anybody who may push can make it.
        ({"GITHUB_REF": "refs/tags/main"}, "'refs/tags/main'"),
        ({"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "develop"}, "branch 'main'"),
        ({"CI_COMMIT_TAG": "v1", "CI_DEFAULT_BRANCH": "main"}, "tag 'v1'"),
        ({"CODEBUILD_WEBHOOK_EVENT": "PUSH", "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/x"}, "branch 'x'"),
        ({"BUILDKITE_BRANCH": "x", "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main"}, "branch 'x'"),
        ({"BUILDKITE_BRANCH": "main", "BUILDKITE_TAG": "v1"}, "tag 'v1'"),
        ({"BUILD_SOURCEBRANCH": "refs/heads/x"}, "branch 'x'"),
        ({"CIRCLE_BRANCH": "x"}, "branch 'x'"),
        ({"BITBUCKET_BRANCH": "x"}, "branch 'x'"),
        ({"BRANCH_NAME": "x"}, "branch 'x'"),
        ({"BRANCH_NAME": "main", "TAG_NAME": "main"}, "tag 'main'"),
        ({"GIT_BRANCH": "origin/feature"}, "branch 'feature'"),
        ({"DRONE_BRANCH": "main", "DRONE_REPO_BRANCH": "develop"}, "branch 'main'"),
        ({"TRAVIS_PULL_REQUEST": "false", "TRAVIS_BRANCH": "main", "TRAVIS_TAG": "v1"}, "tag 'v1'"),
        ({"APPVEYOR_REPO_BRANCH": "x"}, "branch 'x'"),
        ({"SEMAPHORE_GIT_BRANCH": "main", "SEMAPHORE_GIT_TAG_NAME": "v1"}, "tag 'v1'"),
    ],
)
def test_a_branch_or_tag_beside_the_main_branch_is_named(variables: dict[str, str], text: str) -> None:
    assert not_main(variables) == CiSource(text=text)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"CI": "true"},
        {"GITHUB_HEAD_REF": "", "GITHUB_REF": "refs/heads/main"},
        {"GITHUB_REF": "refs/heads/master"},
        {"CI_COMMIT_BRANCH": "develop", "CI_DEFAULT_BRANCH": "develop"},
        {"BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_BRANCH": "main", "BUILDKITE_TAG": ""},
        {"CODEBUILD_WEBHOOK_EVENT": "PUSH", "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/main"},
        {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"},
        {"BRANCH_NAME": "main", "GIT_BRANCH": "origin/main"},
        {"TRAVIS_PULL_REQUEST": "false", "TRAVIS_BRANCH": "main", "TRAVIS_TAG": ""},
        {"CODEBUILD_SOURCE_VERSION": "main"},
        # CodePipeline: the pipeline has its branch, and the build does not know it.
        {"CODEBUILD_BUILD_ID": "x:1", "CODEBUILD_INITIATOR": "codepipeline/x"},
    ],
)
def test_a_build_of_the_main_branch_or_of_a_machine_is_neither(variables: dict[str, str]) -> None:
    assert not_main(variables) is None


def test_the_app_can_name_its_main_branch() -> None:
    assert not_main({"GITHUB_REF": "refs/heads/develop"}, "develop") is None
    assert not_main({"GITHUB_REF": "refs/heads/develop"}, "refs/heads/develop") is None
    assert not_main({"GITHUB_REF": "refs/heads/main"}, "develop") == CiSource(text="branch 'main'")
    assert not_main({"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}, "develop") == CiSource(
        text="branch 'main'"
    )
