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
from email.message import Message
from http.client import HTTPException

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
            digest = self._ask(image, name)
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise _error(image, f"{name.registry} cannot be reached ({reason})") from None
        if not is_digest(digest):
            raise _error(image, f"its registry returned {digest!r}, which is not a digest")
        return digest

    def _ask(self, image: str, name: ImageName) -> str:
        # Only a loopback registry may use plain HTTP, as with docker.
        scheme = "http" if _is_loopback(name.registry) else "https"
        host = f"registry-1.{DOCKER_HUB}" if name.registry == DOCKER_HUB else name.registry
        url = f"{scheme}://{host}/v2/{name.path}/manifests/{name.digest or name.tag}"
        authorization = self.authorization(name.registry)
        # HEAD first: Docker Hub counts a GET as a pull.
        status, headers, _ = self._open("HEAD", url, authorization)
        token_url = _token_url(name, headers.get("WWW-Authenticate", ""))
        if status == 401 and authorization is None and token_url is not None:
            status, _, body = self._open("GET", token_url)
            _refuse_status(image, status)
            token = _token(body)
            if token is None:
                raise _error(
                    image, f"the answer of {urllib.parse.urlsplit(token_url).netloc} has no usable token"
                )
            authorization = f"Bearer {token}"
            status, headers, _ = self._open("HEAD", url, authorization)
        _refuse_status(image, status)
        digest = headers.get("Docker-Content-Digest")
        if digest is None:
            status, _, body = self._open("GET", url, authorization)
            _refuse_status(image, status)
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        return digest

    def _open(self, method: str, url: str, authorization: str | None = None) -> tuple[int, Message, bytes]:
        """Return status, headers and body, also of an error."""
        request = urllib.request.Request(url, method=method, headers={"Accept": ", ".join(ANY_IMAGE)})  # noqa: S310 - http(s), by the callers
        if authorization is not None:
            # Unredirected, so that no other host gets the login.
            request.add_unredirected_header("Authorization", authorization)
        try:
            answer = urllib.request.urlopen(request, timeout=self.seconds)  # noqa: S310
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.headers, answer.read(_LARGEST_MANIFEST)


def _token_url(name: ImageName, challenge: str) -> str | None:
    """Return where a registry's challenge sends for an anonymous token, if that is a safe place."""
    parameters = dict(_CHALLENGE.findall(challenge))
    realm = parameters.pop("realm", "")
    parsed = urllib.parse.urlsplit(realm)
    trusted = parsed.scheme == "https" or (parsed.scheme == "http" and _is_loopback(parsed.netloc))
    if not challenge.lower().startswith("bearer ") or not trusted:
        return None
    asked = {"scope": f"repository:{name.path}:pull", **parameters}
    query = urllib.parse.urlencode({key: asked[key] for key in ("service", "scope") if key in asked})
    return f"{realm}?{query}"


def _token(body: bytes) -> str | None:
    """Return the token in an answer, if it fits into a header."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    token = (answer.get("token") or answer.get("access_token")) if isinstance(answer, dict) else None
    return token if isinstance(token, str) and re.fullmatch("[ -~]+", token) else None


def _refuse_status(image: str, status: int) -> None:
    if status >= 400:
        raise _error(image, _PROBLEMS.get(status, f"its registry returned status {status}"))


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
