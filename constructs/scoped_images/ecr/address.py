"""Where an ECR repository is, in literals: cache refs and build arguments take no tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
        for key, value, pattern in (
            ("account", self.account, r"\d{12}"),
            ("region", self.region, r"[a-z0-9-]+"),
        ):
            # A token reads "${Token[…]}": BuildKit would take it for a literal registry name.
            if not re.fullmatch(pattern, value):
                raise ScopedImagesError(
                    f"{key} of repository {self.name!r} is {value!r}: images are built before CloudFormation "
                    "knows tokens, so give the stack a literal one: "
                    'Stack(…, env=aws_cdk.Environment(account="111111111111", region="eu-west-1"))'
                )
        if not _NAME.fullmatch(self.name) or not 2 <= len(self.name) <= 256:
            raise ScopedImagesError(
                f"repository name {self.name!r} is not one that ECR takes: 2-256 lower-case letters, digits, "
                "'.', '_', '-' and '/', starting with a letter or digit"
            )

    @property
    def registry(self) -> str:
        """The registry's host name."""
        suffix = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"{self.account}.dkr.ecr.{self.region}.{suffix}"

    @property
    def uri(self) -> str:
        """`<registry>/<name>`, as docker takes it."""
        return f"{self.registry}/{self.name}"

    def tagged(self, tag: str) -> str:
        """`<registry>/<name>:<tag>`."""
        return f"{self.uri}:{tag}"
