"""An image as the registry lists it, and the references that others use for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from scoped_images.pruning.answer import Answer

# A host has a dot or a port, or is localhost: github.com/distribution/reference, normalize.go.
_REFERENCE = re.compile(
    r"(?:(?:[\w-]+(?:\.[\w-]+)+(?::\d+)?|[\w-]+:\d+|localhost)/)?"
    r"(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?"
    r"(?:@(?P<digest>[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?"
)

ACTIVE = "ACTIVE"
ARCHIVED = "ARCHIVED"


@dataclass(frozen=True, slots=True)
class ImageReference:
    """A repository with a tag, a digest or both."""

    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> ImageReference | None:
        """Read `[host/]repository[:tag][@digest]`; return None for other text.

        The host is ignored: ECR answers under several. An image of the same name on another host then keeps
        one image too many, which does no harm.
        """
        match = _REFERENCE.fullmatch(text)
        if match is None:
            return None
        tag, digest = match["tag"], match["digest"]
        return cls(match["repository"], tag if tag or digest else "latest", digest)

    @classmethod
    def read(cls, text: str, answer: Answer) -> ImageReference:
        """Read a reference that `answer` holds; raise IncompleteListing if it is unreadable."""
        reference = cls.parse(text)
        if reference is None:
            raise answer.unreadable("an image", text)
        return reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image, index or other artifact of a repository.

    size: bytes that ECR stores and bills; layers that it shares with other images count in full.
    children: digests that it lists, if it is an index.
    subject: digest of the image that it is a signature, an SBOM or another attachment of.
    status: ECR's word: ACTIVE, ARCHIVED, ACTIVATING while ECR restores it from the archive, or a new one.
    archived_at: when it entered the archive, None unless it is there. restored_at: when it last left the archive.
    unreadable_index: an archived index; ECR does not return its manifest, so its children are unknown.
    """

    repository: str
    digest: str
    pushed_at: datetime
    size: int = 0
    tags: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    subject: str | None = None
    status: str = ACTIVE
    archived_at: datetime | None = None
    restored_at: datetime | None = None
    unreadable_index: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Repository and digest: several repositories may hold one digest."""
        return self.repository, self.digest

    @property
    def name(self) -> str:
        """The first tag, or the start of the digest: for messages."""
        return self.tags[0] if self.tags else self.digest[:19]
