"""The place of an ECR repository, in literals: cache refs and build arguments take no tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scoped_images.ecr.hosts import RegistryHost, partition_of
from scoped_images.errors import ScopedImagesError

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_NAME = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class RepositoryAddress:
    """A repository by account, region and name; renders itself to its URI, ARN and references."""

    account: str
    region: str
    name: str

    def __post_init__(self) -> None:
        for key, value, pattern, expected in (
            ("account", self.account, r"\d{12}", "12 digits"),
            ("region", self.region, r"[a-z0-9-]+", "a region such as 'eu-west-1'"),
        ):
            if not re.fullmatch(pattern, value):
                raise ScopedImagesError(
                    f"{key}: must be {expected} for repository {self.name!r}, got {value!r}; use a literal"
                )
        # BuildKit would take a token for a literal name.
        if "${Token[" in self.name:
            raise ScopedImagesError(
                f"repository_name: images are built before CloudFormation knows tokens, got {self.name!r}; use a "
                "literal, such as f'upload-{environment.name}'"
            )
        if not _NAME.fullmatch(self.name) or not 2 <= len(self.name) <= 256:
            raise ScopedImagesError(
                f"repository_name: must be 2-256 lower-case letters, digits, '.', '_', '-' and '/', starting with a "
                f"letter or digit, got {self.name!r}; use another name"
            )

    @classmethod
    def find(cls, ref: str) -> RepositoryAddress | None:
        """Return the repository of an image ref, or None for an image that is not in ECR.

        ref: `<host>/<name>:<tag>@<digest>`, with or without `docker-image://`, tag and digest.
        """
        host, _, rest = ref.removeprefix("docker-image://").partition("/")
        registry = RegistryHost.parse(host)
        if registry is None:
            return None
        name = re.split("[:@]", rest, maxsplit=1)[0]
        return cls(account=registry.account, region=registry.region, name=name)

    @property
    def registry(self) -> str:
        """The registry's host name."""
        return str(RegistryHost(account=self.account, region=self.region))

    @property
    def uri(self) -> str:
        """`<registry>/<name>`, as docker takes it."""
        return f"{self.registry}/{self.name}"

    @property
    def partition(self) -> str:
        """The partition of its region as ARNs name it: `aws`, `aws-cn`."""
        return partition_of(self.region)

    def tagged(self, tag: str) -> str:
        """`<registry>/<name>:<tag>`."""
        return f"{self.uri}:{tag}"
