"""Reads from CI's variables whether a build is of the main branch, whose code somebody has reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Where CI does not say which branch is the main one.
MAIN_BRANCHES = ("main", "master")
# Git's full names of branches; other refs are tags and pull requests.
_HEADS = "refs/heads/"
# GitHub runs these on the main branch, and their workflows often check out the code of a pull request.
_UNREVIEWED_EVENTS = ("pull_request_target", "workflow_run", "issue_comment")


@dataclass(frozen=True)
class CiSystem:
    """The variables of one CI system.

    pull_request: set in a build of a pull or merge request, and elsewhere empty or `false`.
    branch: the branch's name, or a full ref.
    tag: set in a build of a Git tag; such a build may have `branch` too.
    main_branch: the name of the main branch, where the system says it.
    event: what started the build.
    pull_request_prefix, branch_prefix: with which the values of `pull_request` and `branch` start.
    """

    pull_request: str | None
    branch: str | None = None
    tag: str | None = None
    main_branch: str | None = None
    event: str | None = None
    pull_request_prefix: str = ""
    branch_prefix: str = ""


# https://docs.github.com/en/actions/reference/workflows-and-actions/variables
# https://docs.gitlab.com/ci/variables/predefined_variables/
# https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
# https://buildkite.com/docs/pipelines/configure/environment-variables
# https://learn.microsoft.com/azure/devops/pipelines/build/variables
# https://circleci.com/docs/variables/
# https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
# https://www.jenkins.io/doc/book/pipeline/multibranch/
# https://plugins.jenkins.io/git/ (GIT_BRANCH, in jobs of one branch)
# https://docs.drone.io/pipeline/environment/reference/
# https://docs.travis-ci.com/user/environment-variables/
# https://www.appveyor.com/docs/environment-variables/
# https://docs.semaphoreci.com/reference/env-vars
SYSTEMS = (
    CiSystem("GITHUB_HEAD_REF", "GITHUB_REF", event="GITHUB_EVENT_NAME"),
    CiSystem("CI_MERGE_REQUEST_IID", "CI_COMMIT_BRANCH", "CI_COMMIT_TAG", "CI_DEFAULT_BRANCH"),
    CiSystem("CODEBUILD_WEBHOOK_EVENT", "CODEBUILD_WEBHOOK_HEAD_REF", pull_request_prefix="PULL_REQUEST"),
    CiSystem("CODEBUILD_SOURCE_VERSION", pull_request_prefix="pr/"),
    CiSystem(
        "BUILDKITE_PULL_REQUEST", "BUILDKITE_BRANCH", "BUILDKITE_TAG", "BUILDKITE_PIPELINE_DEFAULT_BRANCH"
    ),
    CiSystem("SYSTEM_PULLREQUEST_PULLREQUESTID", "BUILD_SOURCEBRANCH"),
    CiSystem("CIRCLE_PULL_REQUEST", "CIRCLE_BRANCH", "CIRCLE_TAG"),
    CiSystem("BITBUCKET_PR_ID", "BITBUCKET_BRANCH", "BITBUCKET_TAG"),
    CiSystem("CHANGE_ID", "BRANCH_NAME", "TAG_NAME"),
    CiSystem(None, "GIT_BRANCH", branch_prefix="origin/"),
    CiSystem("DRONE_PULL_REQUEST", "DRONE_BRANCH", "DRONE_TAG", "DRONE_REPO_BRANCH"),
    CiSystem("TRAVIS_PULL_REQUEST", "TRAVIS_BRANCH", "TRAVIS_TAG"),
    CiSystem("APPVEYOR_PULL_REQUEST_NUMBER", "APPVEYOR_REPO_BRANCH", "APPVEYOR_REPO_TAG_NAME"),
    CiSystem("SEMAPHORE_GIT_PR_NUMBER", "SEMAPHORE_GIT_BRANCH", "SEMAPHORE_GIT_TAG_NAME"),
)


@dataclass(frozen=True, kw_only=True)
class CiSource:
    """What CI builds that is not the main branch; `text` is for messages.

    is_pull_request: whether it builds a pull request, or may build one.
    """

    text: str
    is_pull_request: bool = False


def not_main(environment: Mapping[str, str], main_branch: str | None = None) -> CiSource | None:
    """Return what a known CI system builds unless it is the main branch; None where CI names no branch at all.

    main_branch: its name or full ref, by default the one that the CI system names, else `main` or `master`.
    """
    found = (_not_main(system, environment, main_branch) for system in SYSTEMS)
    return next((each for each in found if each is not None), None)


def _not_main(system: CiSystem, environment: Mapping[str, str], main_branch: str | None) -> CiSource | None:
    pull_request = _pull_request(system, environment)
    if pull_request is not None:
        return pull_request
    tag = environment.get(system.tag or "", "")
    if tag:
        return CiSource(text=f"tag {tag!r}")
    ref = environment.get(system.branch or "", "").removeprefix(system.branch_prefix)
    if not ref:
        return None
    if ref.startswith("refs/") and not ref.startswith(_HEADS):
        return CiSource(text=f"{ref!r}")
    branch = ref.removeprefix(_HEADS)
    named = (main_branch or environment.get(system.main_branch or "", "")).removeprefix(_HEADS)
    if branch in ((named,) if named else MAIN_BRANCHES):
        return None
    return CiSource(text=f"branch {branch!r}")


def _pull_request(system: CiSystem, environment: Mapping[str, str]) -> CiSource | None:
    value = environment.get(system.pull_request or "", "")
    # Buildkite and Travis write "false".
    if value not in ("", "false") and value.startswith(system.pull_request_prefix):
        return CiSource(text="a pull request", is_pull_request=True)
    event = environment.get(system.event or "")
    if event in _UNREVIEWED_EVENTS:
        return CiSource(text=f"event {event!r}", is_pull_request=True)
    return None
