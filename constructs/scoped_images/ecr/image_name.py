"""The name of an image, taken apart as docker does.

https://github.com/distribution/reference/blob/v0.6.0/normalize.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scoped_images.errors import ScopedImagesError

DOCKER_HUB = "docker.io"
_OFFICIAL = "library/"
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_MAX_PATH_LENGTH = 255
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
# Without a tag or digest, docker would take it for the id of an image.
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ANY_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")


def is_digest(text: object) -> bool:
    """Whether it is `sha256:` and 64 hex digits."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether docker takes the first part of a name for a registry, and not for a folder of Docker Hub."""
    # Folders are in lower case.
    looks_like_one = "." in text or ":" in text or text == "localhost" or text != text.lower()
    return looks_like_one and _HOST.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True)
class ImageName:
    """One image in one registry.

    registry: host, with its port if it has one; `docker.io` where the written name has none.
    path: the repository in it; official images of Docker Hub are below `library/`.
    tag: `latest` where the written name has neither tag nor digest; empty with only a digest.
    digest: like `sha256:` and 64 hex digits, or empty.
    """

    registry: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> ImageName:
        """Read a name as it stands in a Dockerfile; raises ScopedImagesError."""
        rest, at, digest = text.partition("@")
        head, slash, tail = rest.partition("/")
        registry, remainder = (head, tail) if slash and is_host(head) else (DOCKER_HUB, rest)
        path, colon, tag = remainder.partition(":")
        if registry == f"index.{DOCKER_HUB}":
            registry = DOCKER_HUB
        if registry == DOCKER_HUB and "/" not in path:
            path = _OFFICIAL + path
        wrong = not _PATH.fullmatch(path) or len(path) > _MAX_PATH_LENGTH or _IDENTIFIER.fullmatch(text)
        if wrong or (colon and not _TAG.fullmatch(tag)) or (at and not _ANY_DIGEST.fullmatch(digest)):
            raise ScopedImagesError(
                f"{text!r} is not the name of an image; write it like public.ecr.aws/lambda/python:3.13, in lower case, "
                "or with @sha256: and 64 hex digits"
            )
        return cls(registry=registry, path=path, tag=tag or ("" if digest else "latest"), digest=digest)

    @property
    def repository(self) -> str:
        """The short form without tag and digest."""
        if self.registry != DOCKER_HUB:
            return f"{self.registry}/{self.path}"
        short = self.path.removeprefix(_OFFICIAL)
        return self.path if "/" in short else short

    @property
    def familiar(self) -> str:
        """The short form, under which BuildKit looks build contexts up.

        Without `docker.io/library/` and `:latest`: dockerui's Client.NamedContext and buildx's ParseContextNames.
        """
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}".removesuffix(":latest")
