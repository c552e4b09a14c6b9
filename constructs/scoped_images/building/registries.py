"""Asks ECR which images exist, and for logins, with the roles that the CDK CLI publishes with."""

from __future__ import annotations

import base64
import getpass
import os
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from scoped_images.building.assembly import Repository
from scoped_images.building.docker_config import Login
from scoped_images.building.image_asset import Destination
from scoped_images.building.plan import RegistryState
from scoped_images.errors import ScopedImagesError

_THREADS = 16
_LEAST_LEFT = timedelta(minutes=5)


class MissingRepositories(Exception):
    """Repositories of destinations do not exist yet. repositories: by destination."""

    def __init__(self, repositories: Mapping[Destination, Repository]) -> None:
        self.repositories = repositories
        super().__init__(", ".join(sorted({each.name for each in repositories.values()})))


class Registries:
    """The registries of destinations.

    warn: called with what the user should know.
    """

    def __init__(self, *, region: str | None, warn: Callable[[str], None]) -> None:
        self._region = region
        self._warn = warn
        self._own_account: Mapping[str, str] = {}
        # With the time at which the rights of each client end.
        self._clients: dict[tuple[object, ...], tuple[Any, datetime]] = {}
        self._lock = Lock()

    def states(self, destinations: Iterable[Destination]) -> dict[Destination, RegistryState]:
        """Return the URI of each destination, and its digest if the tag exists.

        Raises MissingRepositories, and ScopedImagesError for what AWS refuses.
        """
        destinations = tuple(dict.fromkeys(destinations))
        # Before the threads start: each client once, and a role that cannot be assumed fails once.
        for destination in destinations:
            self._client(destination)
        repositories = {self._repository_key(each): each for each in destinations}
        with ThreadPoolExecutor(_THREADS) as pool:
            uris = dict(zip(repositories, pool.map(self._repository_uri, repositories.values()), strict=True))
            missing = [each for each in destinations if uris[self._repository_key(each)] is None]
            if missing:
                raise MissingRepositories({each: self._repository(each) for each in missing})
            digests = pool.map(self._digest, destinations)
            return {
                each: RegistryState(
                    uri=f"{uris[self._repository_key(each)]}:{self._filled(each.tag, each)}", digest=digest
                )
                for each, digest in zip(destinations, digests, strict=True)
            }

    def logins(self, states: Mapping[Destination, RegistryState]) -> list[Login]:
        """Return a login for each registry of these destinations."""
        # As the CLI: a registry's first role is its only one.
        first: dict[str, Destination] = {}
        for destination, each in states.items():
            first.setdefault(each.uri.partition("/")[0], destination)
        return [self._login(registry, destination) for registry, destination in first.items()]

    def _login(self, registry: str, destination: Destination) -> Login:
        data = self._ask(destination, f"log in to {registry}", "get_authorization_token", "authorizationData")
        user, _, password = base64.b64decode(data[0]["authorizationToken"]).decode().partition(":")
        return Login(registry=registry, user=user, password=password)

    def _repository_key(self, destination: Destination) -> tuple[object, ...]:
        return (destination.repository, *_client_key(destination))

    def _repository(self, destination: Destination) -> Repository:
        role = destination.role_arn
        return Repository(
            name=self._filled(destination.repository, destination),
            account=self._caller(destination)["AccountId"]
            if role is None
            else self._filled(role, destination).split(":")[4],
            region=self._region_of(destination),
        )

    def _repository_uri(self, destination: Destination) -> str | None:
        name = self._filled(destination.repository, destination)
        found = self._ask(
            destination,
            f"look up repository {name!r}",
            "describe_repositories",
            "repositories",
            missing="RepositoryNotFoundException",
            repositoryNames=[name],
        )
        return str(found[0]["repositoryUri"]) if found else None

    def _digest(self, destination: Destination) -> str | None:
        name = self._filled(destination.repository, destination)
        tag = self._filled(destination.tag, destination)
        found = self._ask(
            destination,
            f"look up image {name}:{tag}",
            "describe_images",
            "imageDetails",
            missing="ImageNotFoundException",
            repositoryName=name,
            imageIds=[{"imageTag": tag}],
        )
        return str(found[0]["imageDigest"]) if found else None

    def _ask(
        self,
        destination: Destination,
        what: str,
        operation: str,
        member: str,
        *,
        missing: str = "",
        **parameters: Any,
    ) -> Any:
        """Return a member of ECR's answer, or None if that is the error `missing`; raises ScopedImagesError."""
        try:
            return _member(self._client(destination), operation, member, **parameters)
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == missing:
                return None
            raise ScopedImagesError(f"cannot {what}: {error}") from None

    def _client(self, destination: Destination) -> Any:
        key = _client_key(destination)
        with self._lock:
            client, ends = self._clients.get(key, (None, datetime.min.replace(tzinfo=UTC)))
            # A build may take longer than the role's session.
            if ends - datetime.now(UTC) < _LEAST_LEFT:
                session, ends = self._session(destination)
                client = _client_of(session, "ecr", self._region_of(destination))
                self._clients[key] = (client, ends)
            return client

    def _session(self, destination: Destination) -> tuple[Any, datetime]:
        """Return a session of the publishing role, or of the caller in the role's own account, as the CLI does."""
        own = (self._own_session, datetime.max.replace(tzinfo=UTC))
        if destination.role_arn is None:
            return own
        role = self._filled(destination.role_arn, destination)
        external = {"ExternalId": destination.external_id} if destination.external_id else {}
        sts = _client_of(self._own_session, "sts", self._region_of(destination))
        options = {"RoleSessionName": _session_name(), **external, **destination.role_options}
        try:
            found = _member(sts, "assume_role", "Credentials", RoleArn=role, **options)
        except (BotoCoreError, ClientError) as error:
            if role.split(":")[4] != self._caller(destination)["AccountId"]:
                raise ScopedImagesError(f"cannot assume {role}: {error}") from None
            self._warn(f"cannot assume {role}, using the current credentials: {error}")
            return own
        keys = (found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        return boto3.Session(*keys), found["Expiration"]

    @cached_property
    def _own_session(self) -> Any:
        return boto3.Session()

    def _caller(self, destination: Destination) -> Mapping[str, str]:
        """Return the caller's account and partition, which are the same in every region."""
        if not self._own_account:
            sts = _client_of(self._own_session, "sts", self._region_of(destination))
            try:
                arn = _member(sts, "get_caller_identity", "Arn")
            except (BotoCoreError, ClientError) as error:
                raise ScopedImagesError(
                    f"cannot tell which AWS account this is: {error}; log in to AWS, or set AWS_PROFILE"
                ) from None
            _, partition, _, _, account, _ = arn.split(":", 5)
            self._own_account = {"AccountId": account, "Partition": partition}
        return self._own_account

    def _filled(self, text: str, destination: Destination) -> str:
        """Return text with CDK's placeholders filled in, as the CLI does: the region is the destination's."""

        def value(match: re.Match[str]) -> str:
            if match[1] == "Region":
                return self._region_of(destination)
            return self._caller(destination)[match[1]]

        return re.sub(r"\$\{AWS::(Partition|AccountId|Region)\}", value, text)

    def _region_of(self, destination: Destination) -> str:
        # `${AWS::Region}` of a stack without a region.
        named = destination.region
        region = named if named and "${" not in named else self._region
        if region is None:
            raise ScopedImagesError(
                "region: an image's stack names none, and neither does the AWS configuration; set AWS_REGION, or give "
                "the stack an env= with a region"
            )
        return region


class _NotFromAwsError(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """Something that is not AWS has answered, such as a proxy with a page of HTML."""

    fmt = "the answer is not one of AWS; check AWS_ENDPOINT_URL and HTTPS_PROXY"


def _member(client: Any, operation: str, member: str, **parameters: Any) -> Any:
    """Return a member of AWS's answer. Raises BotoCoreError or ClientError."""
    try:
        return getattr(client, operation)(**parameters)[member]
    except (AttributeError, KeyError, ValueError, ResponseParserError):
        raise _NotFromAwsError from None


def _client_of(session: Any, service: str, region: str) -> Any:
    config = Config(retries={"mode": "adaptive"}, max_pool_connections=_THREADS)
    try:
        return session.client(service, region_name=region, config=config)
    # A ValueError is that of an invalid AWS_ENDPOINT_URL.
    except (BotoCoreError, ValueError) as error:
        raise ScopedImagesError(f"cannot call {service} in region {region!r}: {error}") from None


def _client_key(destination: Destination) -> tuple[object, ...]:
    return (
        destination.region,
        destination.role_arn,
        destination.external_id,
        repr(sorted(destination.role_options.items())),
    )


def _session_name() -> str:
    # As the CLI names its sessions, so that trust policies and audits find both.
    try:
        user = os.environ.get("USER") or getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        user = "noname"
    allowed = re.sub(r"[^\w+=,.@-]", "@", user, flags=re.ASCII)
    return f"aws-cdk-{allowed}"[:64]
