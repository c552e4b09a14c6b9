"""One build request, to be varied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scoped_images.remote.build_request import BuildRequest

REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"

REQUEST = BuildRequest(
    project="scoped-images-dev-linux-amd64",
    role="arn:aws:iam::111111111111:role/scoped-images/dev/build",
    minutes=30,
    registry_id="111111111111",
    repository="upload-dev",
    repository_uri=f"{REGISTRY}/upload-dev",
    tag="sha-0123456789ab",
    platform="linux/amd64",
    archive_bucket="assets",
    archive_key="0a1b.tar.gz",
    dockerfile="Dockerfile",
)


def request(**changes: Any) -> BuildRequest:
    return replace(REQUEST, **changes)
