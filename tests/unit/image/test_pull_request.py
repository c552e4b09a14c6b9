"""Which CI systems say that they build a pull request."""

from __future__ import annotations

import pytest

from scoped_images.image.pull_request import is_pull_request


@pytest.mark.parametrize(
    "variables",
    [
        {"GITHUB_HEAD_REF": "feature"},
        {"CI_MERGE_REQUEST_IID": "7"},
        {"CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_CREATED"},
        {"BUILDKITE_PULL_REQUEST": "7"},
        {"SYSTEM_PULLREQUEST_PULLREQUESTID": "7"},
        {"CIRCLE_PULL_REQUEST": "https://git.example/pull/7"},
    ],
)
def test_a_pull_request_is_recognized(variables: dict[str, str]) -> None:
    assert is_pull_request(variables)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"CI": "true"},
        {"GITHUB_HEAD_REF": ""},
        {"BUILDKITE_PULL_REQUEST": "false"},
        {"CODEBUILD_WEBHOOK_EVENT": "PUSH"},
    ],
)
def test_anything_else_is_not(variables: dict[str, str]) -> None:
    assert not is_pull_request(variables)
