"""Asks a registry for the digest of a tag, without Docker and without pulling the image.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any

from scoped_images.ecr.hosts import RegistryHost
from scoped_images.ecr.image_name import DOCKER_HUB, ImageName, is_digest
from scoped_images.ecr.media_types import ANY_IMAGE
from scoped_images.errors import ScopedImagesError

_LARGEST_MANIFEST = 4 * 1024 * 1024  # bytes: registries may refuse larger ones
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_PROBLEMS = {
    401: "its registry requires a login, which this command has for ECR only",
    403: "its registry denies access to it",
    404: "its registry has no such image or tag",
    429: "its registry limits requests; try again later",
}


class _UnauthorizedError(Exception):
    def __init__(self, challenge: str) -> None:
        super().__init__(challenge)
        self.challenge = challenge


def ecr_authorization(registry: str) -> str | None:
    """Return the Authorization header for an ECR registry's host, and None for any other registry."""
    host = RegistryHost.parse(registry)
    if host is None:
        return None
    import boto3  # noqa: PLC0415 - it takes 0.2 s, and public registries do without it
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        # A session of its own, because threads must not share boto3's default one.
        client = boto3.Session().client("ecr", region_name=host.region)
        answer = client.get_authorization_token(registryIds=[host.account])
    except (BotoCoreError, ClientError) as error:
        raise ScopedImagesError(f"cannot log in to {registry}: {error}") from None
    return f"Basic {answer['authorizationData'][0]['authorizationToken']}"


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Access to registries.

    seconds: to wait for each answer.
    authorization: returns the Authorization header for a registry's host, or None. By default it logs in to private
        ECR registries with the AWS credentials of this machine.
    """

    seconds: float = 30.0
    authorization: Callable[[str], str | None] = ecr_authorization

    def digest(self, image: str) -> str:
        """Return the digest that the image's tag has now: of the index, if there are several platforms.

        Raises ScopedImagesError that names the image.
        """
        name = ImageName.parse(image)
        try:
            return self._digest(name)
        except _UnauthorizedError:
            raise _error(image, _PROBLEMS[401]) from None
        except urllib.error.HTTPError as error:
            raise _error(
                image, _PROBLEMS.get(error.code, f"its registry returned status {error.code}")
            ) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise _error(image, f"{name.registry} cannot be reached ({reason})") from None

    def _digest(self, name: ImageName) -> str:
        # Only a loopback registry may use plain HTTP, as with docker.
        scheme = "http" if _is_loopback(name.registry) else "https"
        host = f"registry-1.{DOCKER_HUB}" if name.registry == DOCKER_HUB else name.registry
        url = f"{scheme}://{host}/v2/{name.path}/manifests/{name.digest or name.tag}"
        authorization = self.authorization(name.registry)
        try:
            return self._ask(name, url, authorization)
        except _UnauthorizedError as error:
            if authorization is not None:
                raise
            return self._ask(name, url, f"Bearer {self._token(name, error.challenge)}")

    def _ask(self, name: ImageName, url: str, authorization: str | None) -> str:
        # HEAD first: Docker Hub counts a GET as a pull.
        with self._open("HEAD", url, authorization) as response:
            digest = response.headers.get("Docker-Content-Digest")
            if digest is None:
                with self._open("GET", url, authorization) as full:
                    body = full.read(_LARGEST_MANIFEST)
                digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if not is_digest(digest):
            raise _error(name.familiar, f"its registry returned {digest!r}, which is not a digest")
        return str(digest)

    def _open(self, method: str, url: str, authorization: str | None) -> HTTPResponse:
        request = urllib.request.Request(url, method=method, headers={"Accept": ", ".join(ANY_IMAGE)})  # noqa: S310 - made above
        if authorization is not None:
            # Unredirected, so that no other host gets the login.
            request.add_unredirected_header("Authorization", authorization)
        try:
            return self._send(request)
        except urllib.error.HTTPError as error:
            if error.code == 401:
                raise _UnauthorizedError(error.headers.get("WWW-Authenticate", "")) from None
            raise

    def _token(self, name: ImageName, challenge: str) -> str:
        """Get an anonymous token from the server that the registry's challenge names."""
        parameters = dict(_CHALLENGE.findall(challenge))
        realm = parameters.pop("realm", "")
        parsed = urllib.parse.urlsplit(realm)
        trusted = parsed.scheme == "https" or (parsed.scheme == "http" and _is_loopback(parsed.netloc))
        if not challenge.lower().startswith("bearer ") or not trusted:
            raise _UnauthorizedError(challenge)
        asked = {"scope": f"repository:{name.path}:pull", **parameters}
        query = urllib.parse.urlencode({key: asked[key] for key in ("service", "scope") if key in asked})
        with self._send(urllib.request.Request(f"{realm}?{query}")) as response:  # noqa: S310 - checked above
            answer = _object(response.read(_LARGEST_MANIFEST))
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str):
            raise _UnauthorizedError(challenge)
        return token

    def _send(self, request: urllib.request.Request) -> HTTPResponse:
        response: HTTPResponse = urllib.request.urlopen(request, timeout=self.seconds)  # noqa: S310 - http(s), by the callers
        return response


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _error(image: str, problem: str) -> ScopedImagesError:
    return ScopedImagesError(f"cannot look up the digest of {image}: {problem}")
