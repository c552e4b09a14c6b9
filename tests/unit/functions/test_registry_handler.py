"""The handler finds digests, moves tags, puts indexes, and always answers CloudFormation.

ECR's answers are those of its reference, which botocore checks: emulators have one digest for all manifests of one shape.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from scoped_images.functions.registry import index

Handle = Callable[..., dict[str, Any]]

PLACE = {"registryId": "123456789012", "repositoryName": "app"}
PROPERTIES = {"RegistryId": "123456789012", "RepositoryName": "app"}
TAG = {**PROPERTIES, "FromTag": "sha-9", "ImageTag": "git-9"}
INDEX = {
    **PROPERTIES,
    "Key": "key",
    "ImageTag": "sha-3",
    "Images": {"linux/arm64": "sha-2", "linux/amd64": "sha-1"},
}
MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
ACCEPTED = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    MEDIA_TYPE,
    "application/vnd.docker.distribution.manifest.v2+json",
]
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": MEDIA_TYPE, "layers": []})


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Expects the calls of one test, in their order."""
    with Stubber(boto3.client("ecr", region_name="us-east-1")) as stubber:
        monkeypatch.setattr(boto3, "client", lambda _: stubber.client)
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def handle() -> Iterator[Handle]:
    """Send an event to the handler, and return what CloudFormation gets."""
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

    def send(kind: str, *images: dict[str, str], **changes: str) -> dict[str, Any]:
        event = {
            "RequestType": kind,
            "ResponseURL": f"http://127.0.0.1:{server.server_port}/",
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "Digests",
            "ResourceType": "Custom::ScopedImagesDigests",
            "ResourceProperties": {"Images": images or [image("sha-1")]},
        }
        index.handler({**event, **changes}, None)
        return taken.pop()

    yield send
    server.shutdown()
    server.server_close()


def image(tag: str, key: str = "key") -> dict[str, str]:
    return {**PROPERTIES, "Key": key, "ImageTag": tag}


def answer_digest(ecr: Stubber, tag: str = "sha-1", *, hex_digits: str = "f0") -> None:
    asked = {**PLACE, "imageIds": [{"imageTag": tag}]}
    ecr.add_response("describe_images", {"imageDetails": [{"imageDigest": f"sha256:{hex_digits}"}]}, asked)


def answer_image(ecr: Stubber, tag: str, *, found: bool = True) -> None:
    image = {
        "imageId": {"imageDigest": f"sha256:{tag}"},
        "imageManifest": MANIFEST,
        "imageManifestMediaType": MEDIA_TYPE,
    }
    asked = {**PLACE, "imageIds": [{"imageTag": tag}], "acceptedMediaTypes": ACCEPTED}
    ecr.add_response("batch_get_image", {"images": [image] if found else [], "failures": []}, asked)


def answer_put(ecr: Stubber, expected: dict[str, Any], *, error: str | None) -> None:
    if error is None:
        ecr.add_response("put_image", {}, {**PLACE, **expected})
    else:
        ecr.add_client_error("put_image", error, expected_params={**PLACE, **expected})


def test_a_create_answers_with_the_digests(handle: Handle, ecr: Stubber) -> None:
    answer_digest(ecr)
    assert handle("Create") == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "Digests",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Digests",
        "Data": {"key": "f0"},
    }


def test_a_delete_looks_nothing_up(handle: Handle, ecr: Stubber) -> None:
    answer = handle("Delete", PhysicalResourceId="Given")
    assert (answer["Status"], answer["PhysicalResourceId"], "Data" in answer) == ("SUCCESS", "Given", False)


def test_thirty_digests_fit_into_what_cloudformation_takes(handle: Handle, ecr: Stubber) -> None:
    """4,096 bytes, with the longest ids that AWS gives."""
    for _ in range(30):
        answer_digest(ecr, hex_digits="0" * 64)
    answer = handle(
        "Create",
        *(image("sha-1", f"Image{number:032}") for number in range(30)),
        StackId=f"arn:aws:cloudformation:ap-southeast-1:111111111111:stack/{'s' * 128}/{'0' * 36}",
        RequestId="0" * 36,
        LogicalResourceId="i" * 255,
    )
    assert len(json.dumps(answer, separators=(",", ":"))) <= 4096


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "ImageNotFoundException",
            "no image app:sha-1: An error occurred (ImageNotFoundException) when calling the DescribeImages operation: "
            "why",
        ),
        (
            "RepositoryNotFoundException",
            "why; if somebody deleted it, deploy its stack with --revert-drift, and then this stack again",
        ),
    ],
)
def test_what_is_missing_fails_with_its_name_and_a_way_out(
    handle: Handle, ecr: Stubber, code: str, reason: str
) -> None:
    ecr.add_client_error("describe_images", code, "why")
    answer = handle("Update")
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == f"Custom::ScopedImagesDigests: {reason}"


@pytest.mark.parametrize(("denials", "status"), [(1, "SUCCESS"), (6, "FAILED")])
def test_a_right_that_iam_does_not_know_yet_is_waited_for(
    handle: Handle, ecr: Stubber, monkeypatch: pytest.MonkeyPatch, *, denials: int, status: str
) -> None:
    pauses: list[int] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    for _ in range(denials):
        ecr.add_client_error("describe_images", "AccessDeniedException", "not authorized")
    if status == "SUCCESS":
        answer_digest(ecr)
    assert handle("Create")["Status"] == status
    assert pauses == [1, 2, 4, 8, 16][:denials]


TAGGED = {"imageManifest": MANIFEST, "imageManifestMediaType": MEDIA_TYPE, "imageTag": "git-9"}


@pytest.mark.parametrize("error", [None, "ImageAlreadyExistsException"])
def test_a_tag_moves_unless_it_is_there(ecr: Stubber, error: str | None) -> None:
    answer_image(ecr, "sha-9")
    answer_put(ecr, TAGGED, error=error)
    assert index.move_tags(ecr.client, {"ImageTags": [TAG]}) == {}


def test_a_tag_that_does_not_move_fails(ecr: Stubber) -> None:
    answer_image(ecr, "sha-9")
    answer_put(ecr, TAGGED, error="ImageTagAlreadyExistsException")
    with pytest.raises(ClientError):
        index.move_tags(ecr.client, {"ImageTags": [TAG]})


def test_a_missing_source_is_named(ecr: Stubber) -> None:
    answer_image(ecr, "sha-9", found=False)
    with pytest.raises(LookupError, match="no image app:sha-9"):
        index.move_tags(ecr.client, {"ImageTags": [TAG]})


def expect_index(ecr: Stubber, error: str | None) -> None:
    for tag in ("sha-1", "sha-2"):
        answer_image(ecr, tag)
    media_type = "application/vnd.oci.image.index.v1+json"
    manifests = [
        {
            "mediaType": MEDIA_TYPE,
            "digest": f"sha256:{tag}",
            "size": len(MANIFEST),
            "platform": {"architecture": architecture, "os": "linux"},
        }
        for architecture, tag in (("amd64", "sha-1"), ("arm64", "sha-2"))
    ]
    content = {"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}
    text = json.dumps(content, separators=(",", ":"))
    expected = {"imageManifest": text, "imageManifestMediaType": media_type, "imageTag": "sha-3"}
    answer_put(ecr, expected, error=error)


@pytest.mark.parametrize("error", [None, "ImageAlreadyExistsException", "ImageTagAlreadyExistsException"])
def test_an_index_is_put_once_and_stays(ecr: Stubber, error: str | None) -> None:
    """A revert builds old content anew: its tag names the first build, and the deploy must not fail."""
    expect_index(ecr, error)
    answer_digest(ecr, "sha-3")
    assert index.put_index(ecr.client, INDEX) == {"key": "sha256:f0"}


def test_another_refusal_of_an_index_fails(ecr: Stubber) -> None:
    expect_index(ecr, "AccessDeniedException")
    with pytest.raises(ClientError):
        index.put_index(ecr.client, INDEX)
