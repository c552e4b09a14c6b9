"""An image as the registry lists it, and how others refer to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

# A host has a dot or a port, or is localhost: github.com/distribution/reference, normalize.go.
_REFERENCE = re.compile(
    r"(?:(?:[\w-]+(?:\.[\w-]+)+(?::\d+)?|[\w-]+:\d+|localhost)/)?"
    r"(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """What somebody calls an image: a repository with a tag, a digest or both."""

    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> ImageReference | None:
        """Read `[host/]repository[:tag][@digest]`; None for what is no such thing.

        The host is left out on purpose: ECR answers under several, and a namesake elsewhere that keeps an
        image too many does no harm.
        """
        match = _REFERENCE.fullmatch(text)
        if match is None:
            return None
        tag, digest = match["tag"], match["digest"]
        return cls(match["repository"], tag if tag or digest else "latest", digest)


def references_in(document: object) -> Iterator[ImageReference]:
    """Every string in a JSON-like `document` that reads as the reference of an image on some host."""
    if isinstance(document, str):
        if "/" in document and (reference := ImageReference.parse(document)):
            yield reference
    elif isinstance(document, dict):
        for value in document.values():
            yield from references_in(value)
    elif isinstance(document, list | tuple):
        for value in document:
            yield from references_in(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image, index or other artifact of a repository.

    size: bytes that ECR stores and bills for it, layers that it shares with others counted in full.
    children: digests that it lists, if it is an index.
    subject: digest of the image that it is a signature, an SBOM or another attachment of.
    """

    repository: str
    digest: str
    pushed_at: datetime
    size: int = 0
    tags: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    subject: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Repository and digest: one digest may lie in several repositories."""
        return self.repository, self.digest
