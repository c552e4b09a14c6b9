"""Asks ECR which images exist, and for logins, with the roles that the CDK CLI publishes with."""

from __future__ import annotations

import base64
import getpass
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    RefreshableCredentials,
    create_assume_role_refresher,
)
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from scoped_images.building.assembly import Repository
from scoped_images.building.docker_config import Login
from scoped_images.building.image_asset import Destination
from scoped_images.building.plan import RegistryState
from scoped_images.errors import ScopedImagesError

_THREADS = 16


class MissingRepositories(Exception):
    """Repositories of destinations do not exist yet. repositories: by destination."""

    def __init__(self, repositories: Mapping[Destination, Repository]) -> None:
        self.repositories = repositories
        super().__init__(", ".join(sorted({each.name for each in repositories.values()})))


class Registries:
    """The registries of destinations.

    warn: called with what the user should know.
    """

    def __init__(self, *, region: str | None, warn: Any) -> None:
        self._region = region
        self._warn = warn
        self._caller: Mapping[str, str] | None = None
        self._clients: dict[tuple[object, ...], Any] = {}
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
        answer = self._ask(destination, f"log in to {registry}", "get_authorization_token")
        token = answer["authorizationData"][0]["authorizationToken"]
        user, _, password = base64.b64decode(token).decode().partition(":")
        return Login(registry=registry, user=user, password=password)

    def _repository_key(self, destination: Destination) -> tuple[object, ...]:
        return (destination.repository, *_client_key(destination))

    def _repository(self, destination: Destination) -> Repository:
        role = destination.role_arn
        return Repository(
            name=self._filled(destination.repository, destination),
            account=self._caller_from(destination)["Account"]
            if role is None
            else self._filled(role, destination).split(":")[4],
            region=self._region_of(destination),
        )

    def _repository_uri(self, destination: Destination) -> str | None:
        name = self._filled(destination.repository, destination)
        answer = self._ask(
            destination,
            f"look up repository {name!r}",
            "describe_repositories",
            missing="RepositoryNotFoundException",
            repositoryNames=[name],
        )
        return None if answer is None else str(answer["repositories"][0]["repositoryUri"])

    def _digest(self, destination: Destination) -> str | None:
        name = self._filled(destination.repository, destination)
        tag = self._filled(destination.tag, destination)
        answer = self._ask(
            destination,
            f"look up image {name}:{tag}",
            "describe_images",
            missing="ImageNotFoundException",
            repositoryName=name,
            imageIds=[{"imageTag": tag}],
        )
        images = [] if answer is None else answer["imageDetails"]
        return str(images[0]["imageDigest"]) if images else None

    def _ask(
        self, destination: Destination, what: str, operation: str, *, missing: str = "", **parameters: Any
    ) -> Any:
        """Call ECR. Returns None if the answer is the error `missing`; raises ScopedImagesError for any other."""
        try:
            return getattr(self._client(destination), operation)(**parameters)
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == missing:
                return None
            raise ScopedImagesError(f"cannot {what}: {error}") from None

    def _client(self, destination: Destination) -> Any:
        key = _client_key(destination)
        with self._lock:
            if key not in self._clients:
                session, region = self._session(destination), self._region_of(destination)
                config = Config(retries={"mode": "adaptive"}, max_pool_connections=_THREADS)
                self._clients[key] = session.client("ecr", region_name=region, config=config)
            return self._clients[key]

    def _session(self, destination: Destination) -> Any:
        """Return a session of the publishing role, or of the caller in the role's own account, as the CLI does."""
        if destination.role_arn is None:
            return self._own_session
        role = self._filled(destination.role_arn, destination)
        external = {"ExternalId": destination.external_id} if destination.external_id else {}
        sts = self._own_session.client("sts", region_name=self._region_of(destination))
        refresh = create_assume_role_refresher(
            sts, {"RoleArn": role, "RoleSessionName": _session_name(), **external, **destination.role_options}
        )
        try:
            first = refresh()
        except (BotoCoreError, ClientError) as error:
            if role.split(":")[4] != self._caller_from(destination)["Account"]:
                raise ScopedImagesError(f"cannot assume {role}: {error}") from None
            self._warn(f"cannot assume {role}, using the current credentials: {error}")
            return self._own_session
        # A build may take longer than the role's session.
        credentials = RefreshableCredentials.create_from_metadata(first, refresh, _Role.METHOD)
        session = Session()
        session.register_component("credential_provider", CredentialResolver([_Role(credentials)]))
        return boto3.Session(botocore_session=session)

    @cached_property
    def _own_session(self) -> Any:
        return boto3.Session()

    def _caller_from(self, destination: Destination) -> Mapping[str, str]:
        """Return the caller's account and partition, which are the same in every region."""
        if self._caller is None:
            sts = self._own_session.client("sts", region_name=self._region_of(destination))
            try:
                answer = sts.get_caller_identity()
            except (BotoCoreError, ClientError) as error:
                raise ScopedImagesError(
                    f"cannot tell which AWS account this is: {error}; log in to AWS, or set AWS_PROFILE"
                ) from None
            self._caller = {"Account": answer["Account"], "Partition": answer["Arn"].split(":")[1]}
        return self._caller

    def _filled(self, text: str, destination: Destination) -> str:
        """Return text with CDK's placeholders filled in, as the CLI does: the region is the destination's."""

        def value(match: re.Match[str]) -> str:
            if match[1] == "Region":
                return self._region_of(destination)
            return self._caller_from(destination)["Account" if match[1] == "AccountId" else "Partition"]

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


class _Role(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    """Provides the credentials of one role."""

    METHOD = "sts-assume-role"

    def __init__(self, credentials: RefreshableCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> RefreshableCredentials:
        return self._credentials


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
