"""The digest lookup answers CloudFormation whatever happens. moto stands for ECR, a local server for S3's URL."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

HANDLER = Path(__file__).parents[2] / "constructs/scoped_images/image_digest_handler/index.py"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"digest": "sha256:0", "size": 2},
        "layers": [],
    }
)


@pytest.fixture
def index() -> ModuleType:
    spec = importlib.util.spec_from_file_location("image_digest_index", HANDLER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def answers() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A URL that takes CloudFormation's answers, and what it took."""
    taken: list[dict[str, Any]] = []

    class Taker(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    server = HTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", taken
    server.shutdown()
    server.server_close()


@pytest.fixture
def digest(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Digest of the one image in repository `app`, tagged `sha-1`."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with mock_aws():
        ecr = boto3.client("ecr")
        ecr.create_repository(repositoryName="app")
        image = ecr.put_image(repositoryName="app", imageManifest=MANIFEST, imageTag="sha-1")
        yield image["image"]["imageId"]["imageDigest"]


def event(url: str, kind: str, tag: str = "sha-1") -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Digest",
        "ResourceProperties": {"RegistryId": "123456789012", "RepositoryName": "app", "ImageTag": tag},
    }


def test_a_create_answers_with_the_digest(index: ModuleType, answers: Any, digest: str) -> None:
    url, taken = answers
    index.handler(event(url, "Create"), None)
    (answer,) = taken
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == "app:sha-1"
    assert answer["Data"] == {"Digest": digest, "Hex": digest.removeprefix("sha256:")}


def test_a_missing_image_fails_with_its_name(index: ModuleType, answers: Any, digest: str) -> None:
    url, taken = answers
    index.handler(event(url, "Update", tag="sha-2"), None)
    (answer,) = taken
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("no digest of image app:sha-2: ")


def test_a_delete_looks_nothing_up(index: ModuleType, answers: Any) -> None:
    url, taken = answers
    index.handler({**event(url, "Delete"), "PhysicalResourceId": "app:sha-1"}, None)
    assert taken[0] == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "app:sha-1",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Digest",
    }
