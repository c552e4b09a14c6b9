"""The ECR images that a text names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Account, region and suffix are pseudo parameters where a stack has no literal ones; tag and digest are attributes
# of resources where only the deploy knows them.
_IMAGE = re.compile(
    r"(?P<account>\d{12}|\$\{AWS::AccountId\})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+|\$\{AWS::Region\})"
    r"\.(?:[a-z0-9.-]+|\$\{AWS::URLSuffix\})/(?P<repository>(?:[a-z0-9._/-]|\$\{AWS::\w+\})+)"
    r"(?::(?P<tag>[\w.-]+|\$\{[^}]+\}))?(?:@(?:sha256:)?(?P<digest>[0-9a-f]{64}|\$\{[^}]+\}))?"
)


@dataclass(frozen=True, kw_only=True)
class ImageReference:
    """An image as a template names it.

    account, region: None where only the deploy knows them.
    names: tag and digest, each a literal or `${<stack path>:<logical id>.<attribute>}`.
    imported: whether CloudFormation imports one of the names from another stack.
    """

    account: str | None
    region: str | None
    repository: str
    names: tuple[str, ...]
    imported: bool

    def is_same(self, other: ImageReference) -> bool:
        """Whether both may be one image: what only the deploy knows may be anything."""
        return self.repository == other.repository and all(
            None in (mine, its) or mine == its
            for mine, its in ((self.account, other.account), (self.region, other.region))
        )


def image_references(text: str) -> Iterator[ImageReference]:
    """Yield the images of ECR in a text, which may be more than a reference."""
    for match in _IMAGE.finditer(text):
        given = [name for name in (match["tag"], match["digest"]) if name]
        names = [name.replace("${import:", "${") for name in given]
        yield ImageReference(
            account=None if match["account"].startswith("$") else match["account"],
            region=None if match["region"].startswith("$") else match["region"],
            repository=match["repository"],
            names=tuple(names),
            imported=names != given,
        )
