"""The two functions behind a remote build's custom resource; scoped_images.remote has what they do."""

from __future__ import annotations

import logging
import os
from typing import Any

import boto3
from botocore.config import Config

from scoped_images.remote.builds import RemoteBuilds

logging.getLogger().setLevel(logging.INFO)

# CodeBuild and CloudFormation take few requests a second from a whole account.
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 8})


def on_event(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Start a build."""
    return _builds().on_event(event)


def is_complete(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Look whether the build has ended."""
    return _builds().is_complete(event)


def _builds() -> RemoteBuilds:
    return RemoteBuilds(
        prefix=os.environ["PROJECT_PREFIX"],
        ecr=boto3.client("ecr", config=_CONFIG),
        codebuild=boto3.client("codebuild", config=_CONFIG),
        logs=boto3.client("logs", config=_CONFIG),
        cloudformation=boto3.client("cloudformation", config=_CONFIG),
    )
