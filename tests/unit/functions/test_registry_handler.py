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

HANDLER = Path(__file__).parents[3] / "constructs/scoped_images/functions/registry/index.py"
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


def image(tag: str, key: str = "key") -> dict[str, str]:
    return {"Key": key, "RegistryId": "123456789012", "RepositoryName": "app", "ImageTag": tag}


def event(url: str, kind: str, tag: str = "sha-1") -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Digests",
        "ResourceType": "Custom::ScopedImagesDigests",
        "ResourceProperties": {"Images": [image(tag)]},
    }


def test_a_create_answers_with_the_digests(index: ModuleType, answers: Any, digest: str) -> None:
    url, taken = answers
    index.handler(event(url, "Create"), None)
    (answer,) = taken
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == "Digests"
    assert answer["Data"] == {"key": digest.removeprefix("sha256:")}


def test_thirty_digests_fit_into_what_cloudformation_takes(
    index: ModuleType, answers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4,096 bytes, with the longest ids that AWS gives."""
    url, taken = answers
    monkeypatch.setattr(index, "find_digest", lambda *_: f"sha256:{'0' * 64}")
    monkeypatch.setattr(index.boto3, "client", lambda _: None)
    asked = {
        **event(url, "Create"),
        "StackId": f"arn:aws:cloudformation:ap-southeast-1:111111111111:stack/{'s' * 128}/{'0' * 36}",
        "RequestId": "0" * 36,
        "LogicalResourceId": "i" * 255,
    }
    index.handler(
        {**asked, "ResourceProperties": {"Images": [image("t", f"Image{n:032}") for n in range(30)]}}, None
    )
    assert len(json.dumps(taken[0], separators=(",", ":"))) <= 4096


def test_a_missing_image_fails_with_its_name(index: ModuleType, answers: Any, digest: str) -> None:
    url, taken = answers
    index.handler(event(url, "Update", tag="sha-2"), None)
    (answer,) = taken
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("Custom::ScopedImagesDigests: no image app:sha-2: ")


def test_a_repository_that_somebody_deleted_fails_with_its_name_and_a_way_out(
    index: ModuleType, answers: Any, digest: str
) -> None:
    url, taken = answers
    boto3.client("ecr").delete_repository(repositoryName="app", force=True)
    index.handler(event(url, "Update"), None)
    (answer,) = taken
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        "Custom::ScopedImagesDigests: The repository with name 'app' does not exist in the registry with id "
        "'123456789012'; if somebody deleted it, deploy its stack with --revert-drift, and then this stack again"
    )


def test_a_delete_looks_nothing_up(index: ModuleType, answers: Any) -> None:
    url, taken = answers
    index.handler({**event(url, "Delete"), "PhysicalResourceId": "Digests"}, None)
    assert taken[0] == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "Digests",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Digests",
    }


PLACE = {"registryId": "123456789012", "repositoryName": "app"}
PROPERTIES = {"RegistryId": "123456789012", "RepositoryName": "app"}
TAG = {**PROPERTIES, "FromTag": "sha-9", "ImageTag": "git-9"}
INDEX = {**PROPERTIES, "ImageTag": "sha-3", "Images": {"linux/arm64": "sha-2", "linux/amd64": "sha-1"}}
ACCEPTED = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]
MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def stubbed() -> Iterator[Stubber]:
    """ECR's answers as its reference gives them: moto has one digest for all images."""
    with Stubber(boto3.client("ecr", region_name="us-east-1")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def answer_image(stubber: Stubber, tag: str, *, found: bool = True) -> None:
    image = {
        "imageId": {"imageDigest": f"sha256:{tag}"},
        "imageManifest": MANIFEST,
        "imageManifestMediaType": MEDIA_TYPE,
    }
    answer = {"images": [image] if found else [], "failures": []}
    asked = {**PLACE, "imageIds": [{"imageTag": tag}], "acceptedMediaTypes": ACCEPTED}
    stubber.add_response("batch_get_image", answer, asked)


def answer_put(stubber: Stubber, expected: dict[str, Any], *, error: str | None) -> None:
    if error is None:
        stubber.add_response("put_image", {}, {**PLACE, **expected})
    else:
        stubber.add_client_error("put_image", error, expected_params={**PLACE, **expected})


def answer_digest(stubber: Stubber, tag: str) -> None:
    details = [{"imageDigest": "sha256:found"}]
    stubber.add_response(
        "describe_images", {"imageDetails": details}, {**PLACE, "imageIds": [{"imageTag": tag}]}
    )


TAGGED = {"imageManifest": MANIFEST, "imageManifestMediaType": MEDIA_TYPE, "imageTag": "git-9"}


@pytest.mark.parametrize("error", [None, "ImageAlreadyExistsException"])
def test_with_stubbed_ecr_a_tag_moves_unless_it_is_there(
    index: ModuleType, stubbed: Stubber, error: str | None
) -> None:
    answer_image(stubbed, "sha-9")
    answer_put(stubbed, TAGGED, error=error)
    assert index.move_tags(stubbed.client, {"ImageTags": [TAG]}) == {}


def test_with_stubbed_ecr_a_tag_that_does_not_move_fails(index: ModuleType, stubbed: Stubber) -> None:
    answer_image(stubbed, "sha-9")
    answer_put(stubbed, TAGGED, error="ImageTagAlreadyExistsException")
    with pytest.raises(ClientError):
        index.move_tag(stubbed.client, TAG)


def test_with_stubbed_ecr_a_missing_source_is_named(index: ModuleType, stubbed: Stubber) -> None:
    answer_image(stubbed, "sha-9", found=False)
    with pytest.raises(LookupError) as caught:
        index.move_tag(stubbed.client, TAG)
    assert str(caught.value) == "no image app:sha-9"


def expected_index() -> dict[str, str]:
    size = len(MANIFEST)
    manifests = [
        {
            "mediaType": MEDIA_TYPE,
            "digest": f"sha256:{tag}",
            "size": size,
            "platform": {"architecture": architecture, "os": "linux"},
        }
        for architecture, tag in (("amd64", "sha-1"), ("arm64", "sha-2"))
    ]
    media_type = "application/vnd.oci.image.index.v1+json"
    content = {"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}
    text = json.dumps(content, separators=(",", ":"))
    return {"imageManifest": text, "imageManifestMediaType": media_type, "imageTag": "sha-3"}


@pytest.mark.parametrize("error", [None, "ImageAlreadyExistsException", "ImageTagAlreadyExistsException"])
def test_with_stubbed_ecr_an_index_is_put_once_and_stays(
    index: ModuleType, stubbed: Stubber, error: str | None
) -> None:
    """A revert builds old content anew: its tag names the first build, and the deploy must not fail."""
    for tag in ("sha-1", "sha-2"):
        answer_image(stubbed, tag)
    answer_put(stubbed, expected_index(), error=error)
    answer_digest(stubbed, "sha-3")
    assert index.put_one_index(stubbed.client, {**INDEX, "Key": "key"}) == {"key": "sha256:found"}


def test_with_stubbed_ecr_another_refusal_of_an_index_fails(index: ModuleType, stubbed: Stubber) -> None:
    for tag in ("sha-1", "sha-2"):
        answer_image(stubbed, tag)
    answer_put(stubbed, expected_index(), error="AccessDeniedException")
    with pytest.raises(ClientError):
        index.put_index(stubbed.client, INDEX)


@pytest.mark.parametrize(("denials", "status"), [(1, "SUCCESS"), (6, "FAILED")])
def test_with_stubbed_ecr_a_right_that_iam_does_not_know_yet_is_waited_for(
    index: ModuleType,
    answers: Any,
    stubbed: Stubber,
    monkeypatch: pytest.MonkeyPatch,
    *,
    denials: int,
    status: str,
) -> None:
    pauses: list[int] = []
    monkeypatch.setattr(index.time, "sleep", pauses.append)
    monkeypatch.setattr(index.boto3, "client", lambda _: stubbed.client)
    for _ in range(denials):
        stubbed.add_client_error("describe_images", "AccessDeniedException", "not authorized")
    if status == "SUCCESS":
        answer_digest(stubbed, "sha-1")
    url, taken = answers
    index.handler(event(url, "Create"), None)
    assert taken[0]["Status"] == status
    assert pauses == [1, 2, 4, 8, 16][:denials]
