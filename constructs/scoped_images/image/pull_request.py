"""Recognizes builds of pull requests, whose code nobody has reviewed yet."""

from __future__ import annotations

from collections.abc import Mapping

# What CI systems set in a build of a pull or merge request:
# https://docs.github.com/en/actions/reference/workflows-and-actions/variables
# https://docs.gitlab.com/ci/variables/predefined_variables/
# https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
# https://buildkite.com/docs/pipelines/configure/environment-variables
# https://learn.microsoft.com/azure/devops/pipelines/build/variables
VARIABLES = (
    "CODEBUILD_WEBHOOK_EVENT",
    "GITHUB_HEAD_REF",
    "CI_MERGE_REQUEST_IID",
    "BUILDKITE_PULL_REQUEST",
    "SYSTEM_PULLREQUEST_PULLREQUESTID",
    "CIRCLE_PULL_REQUEST",
)


def is_pull_request(environment: Mapping[str, str]) -> bool:
    """Return whether the variables of a known CI system say that it builds a pull request."""
    for name in VARIABLES:
        value = environment.get(name, "")
        # CodeBuild names the event, which may be another one; Buildkite writes "false".
        if name == "CODEBUILD_WEBHOOK_EVENT" and not value.startswith("PULL_REQUEST"):
            continue
        if value not in ("", "false"):
            return True
    return False
