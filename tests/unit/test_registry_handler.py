"""The registry function answers CloudFormation whatever happens. moto stands for ECR, a local server for S3's URL."""

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
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

HANDLER = Path(__file__).parents[2] / "constructs/scoped_images/registry_handler/index.py"
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
    spec = importlib.util.spec_from_file_location("registry_handler_index", HANDLER)
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
        "ResourceType": "Custom::ScopedImagesDigest",
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


TAG = {"RegistryId": "123456789012", "RepositoryName": "app", "FromTag": "stable", "ImageTag": "sha-9"}
MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"


def stub_of_ecr(*, put_error: str | None, found: bool = True) -> Stubber:
    """ECR's answers as its reference gives them: moto has one digest for all images."""
    stubber = Stubber(boto3.client("ecr", region_name="us-east-1"))
    place = {"registryId": "123456789012", "repositoryName": "app"}
    image = {"imageManifest": MANIFEST, "imageManifestMediaType": MEDIA_TYPE}
    stubber.add_response(
        "batch_get_image",
        {"images": [image] if found else [], "failures": []},
        {**place, "imageIds": [{"imageTag": "stable"}]},
    )
    if not found:
        return stubber
    put = {
        **place,
        "imageManifest": MANIFEST,
        "imageManifestMediaType": MEDIA_TYPE,
        "imageTag": "sha-9",
    }
    if put_error is None:
        stubber.add_response("put_image", {}, put)
    else:
        stubber.add_client_error("put_image", put_error, expected_params=put)
    details = [{"imageDigest": "sha256:first"}]
    stubber.add_response(
        "describe_images", {"imageDetails": details}, {**place, "imageIds": [{"imageTag": "sha-9"}]}
    )
    return stubber


@pytest.mark.parametrize("error", [None, "ImageAlreadyExistsException", "ImageTagAlreadyExistsException"])
def test_with_stubbed_ecr_a_tag_is_set_once_and_stays(index: ModuleType, error: str | None) -> None:
    """A revert builds old content anew: its tag names the first build, and the deploy must not fail."""
    with stub_of_ecr(put_error=error) as stubber:
        assert index.add_tag(stubber.client, TAG) == "sha256:first"
        stubber.assert_no_pending_responses()


def test_with_stubbed_ecr_another_refusal_fails(index: ModuleType) -> None:
    with stub_of_ecr(put_error="AccessDeniedException") as stubber, pytest.raises(ClientError):
        index.add_tag(stubber.client, TAG)


def test_with_stubbed_ecr_a_missing_source_is_named(index: ModuleType) -> None:
    with stub_of_ecr(put_error=None, found=False) as stubber, pytest.raises(LookupError) as caught:
        index.add_tag(stubber.client, TAG)
    assert str(caught.value) == "there is no app:stable"
