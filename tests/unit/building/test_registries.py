"""What ECR is asked and with whose rights, against moto's ECR and STS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws

from scoped_images.building.assembly import Repository
from scoped_images.building.image_asset import Destination
from scoped_images.building.plan import RegistryState
from scoped_images.building.registries import MissingRepositories, Registries
from tests.refusals import refused

ROLE = "arn:${AWS::Partition}:iam::123456789012:role/publish-${AWS::Region}"
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with the repository `api`, which has the tag `here`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        ecr = boto3.client("ecr", region_name="eu-west-1")
        ecr.create_repository(repositoryName="api")
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {},
        }
        ecr.put_image(repositoryName="api", imageTag="here", imageManifest=json.dumps(manifest))
        yield


def destination(repository: str = "api", tag: str = "here", role_arn: str | None = ROLE) -> Destination:
    """A destination in eu-west-1."""
    return Destination(repository=repository, tag=tag, region="eu-west-1", role_arn=role_arn)


def registries(warnings: list[str] | None = None) -> Registries:
    """The registries, for a caller whose region is eu-west-1."""
    return Registries(region="eu-west-1", warn=(warnings if warnings is not None else []).append)


def refuse_assume_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have STS deny every role."""
    call = BaseClient._make_api_call

    def refuse(self: Any, operation: str, arguments: Any) -> Any:
        if operation == "AssumeRole":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)
        return call(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse)


def record_roles(
    monkeypatch: pytest.MonkeyPatch, *, first_lasts: timedelta = timedelta(hours=1)
) -> list[str]:
    """Return a list that gets the name of each session that STS gives."""
    call = BaseClient._make_api_call
    names: list[str] = []

    def record(self: Any, operation: str, arguments: Any) -> Any:
        answer = call(self, operation, arguments)
        if operation == "AssumeRole":
            names.append(arguments["RoleSessionName"])
            if len(names) == 1:
                answer["Credentials"]["Expiration"] = datetime.now(UTC) + first_lasts
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    return names


def test_a_role_s_session_is_renewed_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = record_roles(monkeypatch, first_lasts=timedelta(minutes=1))
    here = registries()
    here.states([destination()])
    assert len(sessions) == 2
    here.states([destination()])
    assert len(sessions) == 2


@pytest.mark.parametrize(("user", "name"), [("jürgen x", "aws-cdk-j@rgen@x"), ("ci", "aws-cdk-ci")])
def test_a_session_has_the_user_s_name(user: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", user)
    sessions = record_roles(monkeypatch)
    registries().states([destination()])
    assert sessions == [name]


@pytest.mark.parametrize("error", [KeyError("getpwuid(): uid not found: 54321"), OSError("No username set")])
def test_a_user_without_a_name_can_build(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs as any number. Python 3.13 raises OSError."""

    def nameless() -> str:
        raise error

    monkeypatch.delenv("USER", raising=False)
    monkeypatch.setattr("getpass.getuser", nameless)
    sessions = record_roles(monkeypatch)
    registries().states([destination()])
    assert sessions == ["aws-cdk-noname"]


def test_a_tag_that_is_there_has_a_digest_and_one_that_is_missing_has_none() -> None:
    here, gone = destination(), destination(tag="gone")
    found = registries().states([here, gone])
    assert found[gone] == RegistryState(uri=f"{HOST}/api:gone", digest=None)
    assert found[here].uri == f"{HOST}/api:here"
    assert str(found[here].digest).startswith("sha256:")


def test_missing_repositories_are_named() -> None:
    with pytest.raises(MissingRepositories) as raised:
        registries().states([destination(), destination("web"), destination("app")])
    assert raised.value.repositories == {
        destination(name): Repository(name=name, account="123456789012", region="eu-west-1")
        for name in ("app", "web")
    }


def test_the_login_is_ecr_s_token_for_the_registry() -> None:
    here = registries()
    (login,) = here.logins(here.states([destination(), destination(tag="gone")]))
    assert (login.registry, login.user, login.password) == (HOST, "AWS", "123456789012-auth-token")


def test_without_the_role_the_caller_s_own_rights_do_in_the_role_s_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuse_assume_role(monkeypatch)
    warnings: list[str] = []
    found = registries(warnings).states([destination(), destination(tag="gone")])
    assert len(found) == 2
    assert warnings == [
        "cannot assume arn:aws:iam::123456789012:role/publish-eu-west-1, using the current credentials: An error "
        "occurred (AccessDenied) when calling the AssumeRole operation: no"
    ]


def test_without_a_role_of_another_account_nothing_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_assume_role(monkeypatch)
    with refused(
        "cannot assume arn:aws:iam::999999999999:role/publish: An error occurred (AccessDenied) when calling the "
        "AssumeRole operation: no"
    ):
        registries().states([destination(role_arn="arn:aws:iam::999999999999:role/publish")])


def test_a_destination_that_names_its_region_needs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    found = Registries(region=None, warn=print).states([destination(tag="new-${AWS::Region}")])
    assert [each.uri for each in found.values()] == [f"{HOST}/api:new-eu-west-1"]


def test_without_any_region_it_says_where_one_may_be_given() -> None:
    nowhere = Destination(repository="api", tag="here")
    with refused(
        "region: an image's stack names none, and neither does the AWS configuration; set AWS_REGION, or give the stack "
        "an env= with a region"
    ):
        Registries(region=None, warn=print).states([nowhere])


@pytest.fixture
def html() -> Iterator[str]:
    """The address of a server that answers with a page, as a proxy does before somebody signs in."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Sign in</html>")

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("service", "role", "message"),
    [
        ("STS", ROLE, "cannot tell which AWS account this is: {}; log in to AWS, or set AWS_PROFILE"),
        ("ECR", None, "cannot look up repository 'api': {}"),
    ],
)
def test_a_page_in_place_of_an_answer_is_an_error(
    service: str, role: str | None, message: str, html: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", html)
    with refused(message.format("the answer is not one of AWS; check AWS_ENDPOINT_URL and HTTPS_PROXY")):
        registries().states([destination(role_arn=role)])


def test_a_region_or_endpoint_that_cannot_be_one_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with refused(
        "cannot call ecr in region 'eu west 1': Provided region_name 'eu west 1' doesn't match a supported format."
    ):
        registries().states([replace(destination(role_arn=None), region="eu west 1")])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")
    with refused("cannot call ecr in region 'eu-west-1': Invalid endpoint: localhost:4566"):
        registries().states([destination(role_arn=None)])
