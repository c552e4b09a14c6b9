"""The digest of a tag, asked of a server that plays a registry. tests/local asks a real one."""

from __future__ import annotations

import socket
from typing import Any, ClassVar

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from scoped_images import ScopedImagesError
from scoped_images.upstream.registry import Registry, ecr_authorization
from tests.unit.upstream.pretended_registry import DIGEST, PretendedRegistry, pretended_registry

MANIFEST = "/v2/a/b/manifests/1"


def problem(image: str, **options: Any) -> str:
    with pytest.raises(ScopedImagesError) as raised:
        Registry(**options).digest(image)
    return str(raised.value).removeprefix(f"cannot look up the digest of {image}: ")


def test_a_head_is_enough() -> None:
    with pretended_registry(PretendedRegistry()) as server:
        assert Registry().digest(f"{server.address}/a/b:1") == DIGEST
        assert server.asked == [("HEAD", MANIFEST)]


def test_without_a_header_the_digest_is_that_of_the_body() -> None:
    with pretended_registry(PretendedRegistry(tells_digest=False)) as server:
        assert Registry().digest(f"{server.address}/a/b:1") == DIGEST
        assert server.asked == [("HEAD", MANIFEST), ("GET", MANIFEST)]


@pytest.mark.parametrize("tells_digest", [True, False])
def test_a_token_is_fetched_where_the_registry_says(tells_digest: bool) -> None:
    plays = PretendedRegistry(wants_token=True, tells_digest=tells_digest)
    with pretended_registry(plays) as server:
        assert Registry().digest(f"{server.address}/a/b:1") == DIGEST
        token = "/token?service=pretended&scope=repository%3Aa%2Fb%3Apull"
        assert server.asked[:3] == [("HEAD", MANIFEST), ("GET", token), ("HEAD", MANIFEST)]


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}", b'{"token": 7}', b'{"token": "a\\n"}'])
def test_a_token_server_that_sends_no_usable_token_is_named(answer: bytes) -> None:
    with pretended_registry(PretendedRegistry(wants_token=True, token_answer=answer)) as server:
        assert problem(f"{server.address}/a/b:1") == f"the answer of {server.address} has no usable token"
        assert [method for method, _ in server.asked] == ["HEAD", "GET"]


def test_a_token_is_not_fetched_in_plain_text_from_elsewhere() -> None:
    with pretended_registry(PretendedRegistry(wants_token=True, realm="http://a.example/token")) as server:
        assert problem(f"{server.address}/a/b:1") == (
            "its registry requires a login, which this command has for ECR only"
        )


def test_a_login_is_not_sent_on_to_where_a_registry_redirects() -> None:
    with (
        pretended_registry(PretendedRegistry()) as other,
        pretended_registry(PretendedRegistry(redirect=f"http://{other.address}")) as server,
    ):
        login = Registry(authorization=lambda _: "Basic c2VjcmV0")
        assert login.digest(f"{server.address}/a/b:1") == DIGEST
        assert (server.authorizations, other.authorizations) == (["Basic c2VjcmV0"], [None])


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "its registry has no such image or tag"),
        (403, "its registry denies access to it"),
        (429, "its registry limits requests; try again later"),
        (500, "its registry returned status 500"),
    ],
)
def test_the_error_says_what_the_registry_answered(status: int, message: str) -> None:
    with pretended_registry(PretendedRegistry(statuses={MANIFEST: status})) as server:
        assert problem(f"{server.address}/a/b:1") == message


def test_a_registry_that_is_not_there_is_named() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        assert problem(f"{address}/a/b:1") == f"{address} cannot be reached ([Errno 111] Connection refused)"


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        assert problem(f"{address}/a/b:1", seconds=0.05) == f"{address} cannot be reached (timed out)"


def test_public_registries_are_asked_without_a_login() -> None:
    hosts = ["public.ecr.aws", "docker.io", "111111111111.dkr.ecr.eu-west-1.amazonaws.com.evil.example"]
    assert [ecr_authorization(host) for host in hosts] == [None, None, None]


class PretendedSession:
    """Plays boto3's session: its ECR gives a login, or what a test has it raise."""

    asked: ClassVar[list[object]] = []
    raises: ClassVar[type[Exception] | None] = None

    def client(self, service: str, *, region_name: str) -> PretendedSession:
        self.asked.append((service, region_name))
        return self

    def get_authorization_token(self, **options: object) -> object:
        if self.raises is not None:
            raise self.raises
        self.asked.append(options)
        return {"authorizationData": [{"authorizationToken": "QVdTOnNlY3JldA=="}]}


@pytest.mark.parametrize(
    "host",
    [
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com",
        "111111111111.dkr.ecr-fips.eu-west-1.amazonaws.com",
        "111111111111.dkr-ecr.eu-west-1.on.aws",
        "111111111111.dkr-ecr-fips.eu-west-1.on.aws",
    ],
)
def test_a_private_ecr_registry_is_asked_with_its_own_login(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boto3, "Session", PretendedSession)
    monkeypatch.setattr(PretendedSession, "asked", [])
    assert ecr_authorization(host) == "Basic QVdTOnNlY3JldA=="
    assert PretendedSession.asked == [("ecr", "eu-west-1"), {"registryIds": ["111111111111"]}]


def test_missing_credentials_are_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "Session", PretendedSession)
    monkeypatch.setattr(PretendedSession, "raises", NoCredentialsError)
    host = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
    with pytest.raises(ScopedImagesError, match=rf"^cannot log in to {host}: Unable to locate credentials$"):
        ecr_authorization(host)
