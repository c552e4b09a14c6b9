"""Reads from CI's variables whether a build is of the main branch, whose code somebody has reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Where CI does not say which branch is the main one.
MAIN_BRANCHES = ("main", "master")
# Git's full names of branches; other refs are tags and pull requests.
_HEADS = "refs/heads/"


@dataclass(frozen=True, kw_only=True)
class CiSystem:
    """The variables of one CI system.

    pull_request: set in a build of a pull or merge request, and elsewhere empty or `false`.
    branch: the branch's name, or a full ref.
    tag: set in a build of a Git tag; such a build may have `branch` too.
    main_branch: the name of the main branch, where the system says it.
    """

    pull_request: str
    branch: str
    tag: str | None = None
    main_branch: str | None = None


# https://docs.github.com/en/actions/reference/workflows-and-actions/variables
# https://docs.gitlab.com/ci/variables/predefined_variables/
# https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
# https://buildkite.com/docs/pipelines/configure/environment-variables
# https://learn.microsoft.com/azure/devops/pipelines/build/variables
# https://circleci.com/docs/variables/
# https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
# https://www.jenkins.io/doc/book/pipeline/multibranch/
SYSTEMS = (
    CiSystem(pull_request="GITHUB_HEAD_REF", branch="GITHUB_REF"),
    CiSystem(
        pull_request="CI_MERGE_REQUEST_IID",
        branch="CI_COMMIT_BRANCH",
        tag="CI_COMMIT_TAG",
        main_branch="CI_DEFAULT_BRANCH",
    ),
    CiSystem(pull_request="CODEBUILD_WEBHOOK_EVENT", branch="CODEBUILD_WEBHOOK_HEAD_REF"),
    CiSystem(
        pull_request="BUILDKITE_PULL_REQUEST",
        branch="BUILDKITE_BRANCH",
        tag="BUILDKITE_TAG",
        main_branch="BUILDKITE_PIPELINE_DEFAULT_BRANCH",
    ),
    CiSystem(pull_request="SYSTEM_PULLREQUEST_PULLREQUESTID", branch="BUILD_SOURCEBRANCH"),
    CiSystem(pull_request="CIRCLE_PULL_REQUEST", branch="CIRCLE_BRANCH", tag="CIRCLE_TAG"),
    CiSystem(pull_request="BITBUCKET_PR_ID", branch="BITBUCKET_BRANCH", tag="BITBUCKET_TAG"),
    CiSystem(pull_request="CHANGE_ID", branch="BRANCH_NAME"),
)
VARIABLES = tuple(
    name
    for system in SYSTEMS
    for name in (system.pull_request, system.branch, system.tag, system.main_branch)
    if name is not None
)


@dataclass(frozen=True, kw_only=True)
class CiSource:
    """What CI builds that is not the main branch; `text` is for messages."""

    text: str
    is_pull_request: bool = False


def not_main(environment: Mapping[str, str], main_branch: str | None = None) -> CiSource | None:
    """Return what a known CI system builds unless it is the main branch; None where CI names no branch at all.

    main_branch: by default the one that the CI system names, else `main` or `master`.
    """
    for system in SYSTEMS:
        found = _not_main(system, environment, main_branch)
        if found is not None:
            return found
    return None


def _not_main(system: CiSystem, environment: Mapping[str, str], main_branch: str | None) -> CiSource | None:
    if _is_pull_request(system, environment):
        return CiSource(text="a pull request", is_pull_request=True)
    tag = environment.get(system.tag or "", "")
    if tag:
        return CiSource(text=f"tag {tag!r}")
    ref = environment.get(system.branch, "")
    if not ref:
        return None
    if ref.startswith("refs/") and not ref.startswith(_HEADS):
        return CiSource(text=f"{ref!r}")
    branch = ref.removeprefix(_HEADS)
    named = main_branch or environment.get(system.main_branch or "")
    if branch in ((named,) if named else MAIN_BRANCHES):
        return None
    return CiSource(text=f"branch {branch!r}")


def _is_pull_request(system: CiSystem, environment: Mapping[str, str]) -> bool:
    value = environment.get(system.pull_request, "")
    # CodeBuild names the webhook's event, which may be another one.
    if system.pull_request == "CODEBUILD_WEBHOOK_EVENT":
        return value.startswith("PULL_REQUEST")
    # Buildkite writes "false".
    return value not in ("", "false")
