"""Starts a build for CloudFormation, finds out whether it has ended, and stops it when nobody waits any more.

Every step may run twice or be cut off: what is in the registry decides, not what a step remembers.

No step trusts its event. Whoever may invoke the function can have an image's own project build what its stack wants.
A build is followed, stopped and its log read only for the request that started it: CloudFormation makes up the
request's id, and the build carries it.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from scoped_images.remote.failure import LOG_LINES, failure_reason, stop_reason
from scoped_images.remote.image_project import PUBLISHED_TAG, REQUEST, ImageProject

logger = logging.getLogger(__name__)

Event = dict[str, Any]
Answer = TypeVar("Answer")

# Seconds. The function has five minutes, and its client may wait for one more within each call.
START_SECONDS = 60.0
START_PAUSE = 5.0

_UNKNOWN = "UNKNOWN"
_NO_PLACE = "AccountLimitExceededException"
_THROTTLED = (
    "Throttling",
    "TooManyRequests",
    "RequestLimitExceeded",
    "SlowDown",
    "ServiceUnavailable",
    "Internal",
)
# Seconds. Extra time before a deploy stops waiting: the clocks of CodeBuild and of the function may differ.
_SLACK = 60.0
# Builds of one project to look through for the one of a request. Each deploy has one or two.
_RECENT_BUILDS = 20


class BuildError(Exception):
    """A build that ended without its image; the text is CloudFormation's reason."""


class _StaleProjectError(BuildError):
    """A project that does not have the event's tag: its update may not be visible yet."""


@dataclass(frozen=True, kw_only=True)
class RemoteBuilds:
    """Both steps of the custom resource, with clients of ECR, CodeBuild, CloudWatch Logs and CloudFormation.

    prefix: how the names of the projects begin that these steps may start.
    """

    prefix: str
    ecr: Any
    codebuild: Any
    logs: Any
    cloudformation: Any
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def on_event(self, event: Event) -> Event:
        """Start a build unless the image is in the registry. A delete leaves images to retention."""
        if event["RequestType"] == "Delete":
            return {"PhysicalResourceId": event["PhysicalResourceId"]}
        project = self._patiently(lambda: self._project(event))
        answer = {"PhysicalResourceId": project.image}
        digest = self._patiently(lambda: self._digest(project))
        if digest is not None:
            logger.info("%s is in the registry already", project.image)
            return {**answer, "Data": _data(project, digest)}
        build_id = self._patiently(lambda: self._start(project, event["RequestId"]))
        return {
            **answer,
            **({"BuildId": build_id} if build_id else {}),
            "StackStatus": self._stack_status(project),
            # Not before: a build that was started by now has its own time behind it first.
            "Deadline": int(self.now()) + project.minutes * 60,
        }

    def is_complete(self, event: Event) -> Event:
        """Return whether the build has ended. Raises BuildError when its image will not come."""
        # Neither a delete nor an image that is there starts a build.
        if "Deadline" not in event:
            return {"IsComplete": True}
        try:
            return self._look(self._project(event), event)
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and not _is_passing(error):
                raise
            logger.warning("asking again later: %s", error)
            return {"IsComplete": False}

    def _look(self, project: ImageProject, event: Event) -> Event:
        build = self._build(project, event)
        if build is not None and build["buildStatus"] == "IN_PROGRESS":
            reason = self._why_to_stop(project, build, event)
            if reason is None:
                self._give_up_late(project, build, event)
                return {"IsComplete": False}
            self.codebuild.stop_build(id=build["id"])
            raise BuildError(stop_reason(project.image, build, self._log_of(build), why=reason))
        # Another stack may have built the same content meanwhile; its tag is set once, and stands for both.
        digest = self._digest(project)
        if digest is not None:
            return {"IsComplete": True, "Data": _data(project, digest)}
        if build is None:
            return self._start_later(project, event)
        if build["buildStatus"] == "SUCCEEDED":
            raise BuildError(
                f"build {build['id']} succeeded, but {project.image} is not in the registry: was it deleted meanwhile?"
            )
        raise BuildError(failure_reason(project.image, build, self._log_of(build)))

    def _project(self, event: Event) -> ImageProject:
        """Read the project that the event names; raise BuildError unless it is this builder's and has the tag."""
        name, tag = (event["ResourceProperties"].get(key) for key in ("Project", "ImageTag"))
        if not isinstance(name, str) or not name.startswith(self.prefix):
            raise BuildError(
                f"Project: not a project of this builder, got {name!r}; its projects start with {self.prefix!r}"
            )
        found = self.codebuild.batch_get_projects(names=[name])["projects"]
        if not found:
            raise BuildError(f"Project: CodeBuild has no project {name!r}; deploy the image's stack again")
        project = ImageProject.read(found[0])
        if project.tag != tag:
            raise _StaleProjectError(f"ImageTag: project {name!r} builds {project.tag!r}, got {tag!r}")
        return project

    def _digest(self, project: ImageProject) -> str | None:
        """Return `sha256:…` of the project's image, or None while its tag is not in the registry."""
        try:
            found = self.ecr.describe_images(
                repositoryName=project.repository, imageIds=[{"imageTag": project.published_tag}]
            )["imageDetails"]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "RepositoryNotFoundException":
                raise BuildError(
                    f"repository {project.repository!r} does not exist: if somebody deleted it, deploy its stack with "
                    "--revert-drift, and then this stack again"
                ) from error
            if code != "ImageNotFoundException":
                raise
            return None
        return str(found[0]["imageDigest"]) if found else None

    def _build(self, project: ImageProject, event: Event) -> Any | None:
        """Return the build that was started for this event, or None if none was yet."""
        if "BuildId" not in event:
            answer = self.codebuild.list_builds_for_project(projectName=project.name, sortOrder="DESCENDING")
            # A project without builds has no `ids` in its answer.
            ids = answer.get("ids", [])[:_RECENT_BUILDS]
            found = self.codebuild.batch_get_builds(ids=ids)["builds"] if ids else []
            return next((build for build in found if _request_of(build) == event["RequestId"]), None)
        build_id = event["BuildId"]
        if not str(build_id).startswith(f"{project.name}:"):
            raise BuildError(f"BuildId: not a build of project {project.name!r}, got {build_id!r}")
        found = self.codebuild.batch_get_builds(ids=[build_id])["builds"]
        if not found:
            raise BuildError(f"CodeBuild does not know build {build_id} of {project.image} any more")
        if _request_of(found[0]) != event["RequestId"]:
            raise BuildError(f"BuildId: another request started this build, got {build_id!r}")
        return found[0]

    def _start(self, project: ImageProject, request_id: str) -> str | None:
        """Start one build for this request, however often it is called; None while the account has no place for it."""
        variables = {REQUEST: request_id}
        if project.late_values:
            variables[PUBLISHED_TAG] = project.published_tag
        try:
            started = self.codebuild.start_build(
                projectName=project.name,
                environmentVariablesOverride=[
                    {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()
                ],
                idempotencyToken=hashlib.sha256(f"{request_id} {project.image}".encode()).hexdigest(),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _NO_PLACE:
                raise
            logger.info("waiting for a place in CodeBuild: %s", error)
            return None
        logger.info("started %s for %s", started["build"]["id"], project.image)
        return str(started["build"]["id"])

    def _start_later(self, project: ImageProject, event: Event) -> Event:
        """Try again to start a build that had no place."""
        if self.now() > event["Deadline"]:
            reason: str | None = f"it took longer than {project.minutes} minutes"
        else:
            reason = self._why_nobody_waits(project, event)
        if reason is not None:
            raise BuildError(
                f"build of {project.image} did not start: {reason}, and all builds that CodeBuild lets this account run "
                "at once were in use; ask AWS for a higher quota of concurrent builds"
            )
        self._start(project, event["RequestId"])
        return {"IsComplete": False}

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until changes of a moment ago, such as new rights, are visible everywhere."""
        last = self.now() + START_SECONDS
        while True:
            try:
                return ask()
            except (ClientError, _StaleProjectError) as error:
                passing = isinstance(error, BuildError) or _is_spreading(error) or _is_passing(error)
                if self.now() >= last or not passing:
                    raise
                logger.warning("asking again in a moment: %s", error)
                self.sleep(START_PAUSE)

    def _why_to_stop(self, project: ImageProject, build: Any, event: Event) -> str | None:
        # By the build's own start: nothing in an event can move it.
        if self.now() > build["startTime"].timestamp() + project.minutes * 60:
            return f"it took longer than {project.minutes} minutes"
        return self._why_nobody_waits(project, event)

    def _why_nobody_waits(self, project: ImageProject, event: Event) -> str | None:
        before, after = event["StackStatus"], self._stack_status(project)
        # A rollback that was under way at the start is what the build is for.
        if before not in (_UNKNOWN, after) and ("ROLLBACK" in after or "DELETE" in after):
            return f"its stack went over to {after}"
        return None

    def _give_up_late(self, project: ImageProject, build: Any, event: Event) -> None:
        """Raise BuildError when the deploy has no time left for a build that found its place late, and let it run."""
        if self.now() > event["Deadline"] + _SLACK:
            raise BuildError(
                f"build of {project.image} waited for a place in CodeBuild and is still running as {build['id']}; "
                "deploy again when it has ended, and ask AWS for a higher quota of concurrent builds"
            )

    def _stack_status(self, project: ImageProject) -> str:
        try:
            answer = self.cloudformation.describe_stacks(StackName=project.stack)
            return str(answer["Stacks"][0]["StackStatus"])
        except (BotoCoreError, ClientError) as error:
            # Not worth a failed deploy: the deadline stops the build too.
            logger.warning("the stack's status is not known: %s", error)
            return _UNKNOWN

    def _log_of(self, build: Any) -> list[str]:
        logs = build.get("logs", {})
        if not logs.get("groupName") or not logs.get("streamName"):
            return []
        try:
            events = self.logs.get_log_events(
                logGroupName=logs["groupName"],
                logStreamName=logs["streamName"],
                limit=5 * LOG_LINES,
                startFromHead=False,
            )["events"]
        except (BotoCoreError, ClientError) as error:
            return [f"(the log cannot be read: {error})"]
        return [event["message"] for event in events]


def _request_of(build: Any) -> str | None:
    """Return the request that a build was started for."""
    variables = build["environment"]["environmentVariables"]
    return next((each["value"] for each in variables if each["name"] == REQUEST), None)


def _is_spreading(error: ClientError) -> bool:
    """Return whether IAM may not know yet what the same deploy has made: a role to assume, a right."""
    return "AssumeRole" in str(error) or error.response["Error"]["Code"].startswith("AccessDenied")


def _is_passing(error: ClientError) -> bool:
    """Return whether asking again may help: the client itself has tried several times."""
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or any(word in code for word in _THROTTLED)


def _data(project: ImageProject, digest: str) -> dict[str, str]:
    # CDK takes a digest only if it begins with a literal `sha256:`, so the template writes that itself.
    return {"Hex": digest.removeprefix("sha256:"), "Tag": project.published_tag}
