"""Starts a build for CloudFormation, finds out whether it has ended, and stops it when nobody waits any more.

Every step may run twice or be cut off: what is in the registry decides, not what a step remembers.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from scoped_images.remote.build_request import BuildRequest
from scoped_images.remote.buildspec import environment_variables, render
from scoped_images.remote.failure import LOG_LINES, failure_reason, stop_reason
from scoped_images.remote.registry import Registry

logger = logging.getLogger(__name__)

Event = dict[str, Any]
Answer = TypeVar("Answer")

# Seconds. The function has five minutes, and its client may wait for one more within each call.
START_SECONDS = 60.0
START_PAUSE = 5.0

_UNKNOWN = "UNKNOWN"
_THROTTLED = (
    "Throttling",
    "TooManyRequests",
    "RequestLimitExceeded",
    "SlowDown",
    "ServiceUnavailable",
    "Internal",
)


class BuildError(Exception):
    """A build that ended without its image; the text is CloudFormation's reason."""


@dataclass(frozen=True, kw_only=True)
class RemoteBuilds:
    """Both steps of the custom resource, with clients of ECR, CodeBuild, CloudWatch Logs and CloudFormation."""

    registry: Registry
    codebuild: Any
    logs: Any
    cloudformation: Any
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def on_event(self, event: Event) -> Event:
        """Start a build unless the image is there; a delete leaves images to retention."""
        if event["RequestType"] == "Delete":
            return {"PhysicalResourceId": event["PhysicalResourceId"]}
        request = BuildRequest.from_properties(event["ResourceProperties"])
        answer = {"PhysicalResourceId": request.image}
        digest = self._patiently(lambda: self.registry.digest(request))
        if digest is not None:
            logger.info("%s is there already", request.image)
            self.registry.tag_further(request)
            return {**answer, "Data": _data(request, digest)}
        build_id = self._start(request, event["RequestId"])
        logger.info("started %s for %s", build_id, request.image)
        return {
            **answer,
            "BuildId": build_id,
            "Deadline": int(self.now()) + request.minutes * 60,
            "StackStatus": self._stack_status(event["StackId"]),
        }

    def is_complete(self, event: Event) -> Event:
        """Whether the build has ended; BuildError when its image will not come."""
        if event["RequestType"] == "Delete" or "BuildId" not in event:
            return {"IsComplete": True}
        request = BuildRequest.from_properties(event["ResourceProperties"])
        try:
            return self._look(request, event)
        except BotoCoreError as error:
            logger.warning("asking again later: %s", error)
        except ClientError as error:
            if not _is_passing(error):
                raise
            logger.warning("asking again later: %s", error)
        return {"IsComplete": False}

    def _look(self, request: BuildRequest, event: Event) -> Event:
        found = self.codebuild.batch_get_builds(ids=[event["BuildId"]])["builds"]
        if not found:
            raise BuildError(f"CodeBuild does not know build {event['BuildId']} of {request.image} any more")
        (build,) = found
        if build["buildStatus"] == "IN_PROGRESS":
            reason = self._why_to_stop(request, event)
            if reason is None:
                return {"IsComplete": False}
            self.codebuild.stop_build(id=build["id"])
            raise BuildError(stop_reason(request.image, build, self._log_of(build), why=reason))
        # Another stack may have built the same content meanwhile; its tag is set once, and stands for both.
        digest = self.registry.digest(request)
        if digest is not None:
            self.registry.tag_further(request)
            return {"IsComplete": True, "Data": _data(request, digest)}
        if build["buildStatus"] == "SUCCEEDED":
            raise BuildError(
                f"build {build['id']} succeeded, but {request.image} is not in the registry: was it deleted meanwhile?"
            )
        raise BuildError(failure_reason(request.image, build, self._log_of(build)))

    def _start(self, request: BuildRequest, request_id: str) -> str:
        """Start one build for this request, however often it is asked for."""
        token = hashlib.sha256(f"{request_id} {request.image}".encode()).hexdigest()
        started = self._patiently(
            lambda: self.codebuild.start_build(
                projectName=request.project,
                buildspecOverride=render(request),
                environmentVariablesOverride=environment_variables(request),
                serviceRoleOverride=request.role,
                timeoutInMinutesOverride=request.minutes,
                idempotencyToken=token,
            )
        )
        return str(started["build"]["id"])

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until rights that were given a moment ago are known everywhere, and what may pass has passed."""
        last = self.now() + START_SECONDS
        while True:
            try:
                return ask()
            except ClientError as error:
                if self.now() >= last or not (_is_spreading(error) or _is_passing(error)):
                    raise
                logger.warning("asking again in a moment: %s", error)
                self.sleep(START_PAUSE)

    def _why_to_stop(self, request: BuildRequest, event: Event) -> str | None:
        if self.now() > event["Deadline"]:
            return f"it took longer than {request.minutes} minutes"
        before, after = event["StackStatus"], self._stack_status(event["StackId"])
        # A rollback that was under way at the start is what the build is for.
        if before not in (_UNKNOWN, after) and ("ROLLBACK" in after or "DELETE" in after):
            return f"its stack went over to {after}"
        return None

    def _stack_status(self, stack: str) -> str:
        try:
            return str(self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
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


def _is_spreading(error: ClientError) -> bool:
    """Whether IAM may not know yet what the same deploy has made: a role to assume, a right."""
    return "AssumeRole" in str(error) or error.response["Error"]["Code"].startswith("AccessDenied")


def _is_passing(error: ClientError) -> bool:
    """Whether asking again may help: the client itself has tried several times."""
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return (
        status >= 500 or any(word in code for word in _THROTTLED) or code == "AccountLimitExceededException"
    )


def _data(request: BuildRequest, digest: str) -> dict[str, str]:
    return {"Digest": digest, "Hex": digest.removeprefix("sha256:"), "Tag": request.published_tag}
