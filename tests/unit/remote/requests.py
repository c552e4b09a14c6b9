"""One build request and its project, to be varied."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from scoped_images.remote.build_request import BuildRequest
from scoped_images.remote.buildspec import buildspec
from scoped_images.remote.image_project import REPOSITORY, STACK, TAG, late_variable

REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
PROJECT = "scoped-images-dev_App"
STACK_ID = "arn:aws:cloudformation:eu-west-1:111111111111:stack/Functions/1"

REQUEST = BuildRequest(
    repository="upload-dev",
    repository_uri=f"{REGISTRY}/upload-dev",
    tag="sha-0123456789ab",
    platform="linux/amd64",
    archive_bucket="assets",
    archive_key="0a1b.tar.gz",
    archive_sha256="0a" * 32,
    dockerfile="Dockerfile",
)


def request(**changes: Any) -> BuildRequest:
    return replace(REQUEST, **changes)


def project(asked: BuildRequest = REQUEST, **late_values: str) -> dict[str, Any]:
    """A project as BatchGetProjects answers it."""
    variables = {
        REPOSITORY: asked.repository,
        TAG: asked.tag,
        STACK: STACK_ID,
        **{late_variable(name): value for name, value in late_values.items()},
    }
    return {
        "name": PROJECT,
        "timeoutInMinutes": 30,
        "source": {"type": "NO_SOURCE", "buildspec": json.dumps(buildspec(asked))},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [
                {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()
            ],
        },
    }
