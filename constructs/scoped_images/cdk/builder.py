"""What an image is built by: what it is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from aws_cdk import aws_ecr as ecr
from constructs import Construct, IConstruct

from scoped_images.ecr.address import RepositoryAddress
from scoped_images.image.registry_cache import RegistryCache
from scoped_images.image.spec import ImageSpec


class Digest(Protocol):
    """A digest that is known when the stack deploys.

    logical_id: of the resource that finds it, another one for each image.
    """

    digest: str
    hex: str
    logical_id: str


@dataclass(frozen=True, kw_only=True)
class ImageBuild:
    """One image of one platform, and where it goes.

    repository: where its content tag is pushed; None for CDK's own repository and CDK's own tag.
    late_args: build arguments whose values are tokens.
    """

    spec: ImageSpec
    cache: RegistryCache | None
    repository: RepositoryAddress | None
    late_args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PublishedImage:
    """Where the image is when what depends on it deploys.

    digest: None where nobody has looked it up.
    built_by: the resource that builds it while the stack deploys; None for one that is built before.
    """

    repository: ecr.IRepository
    tag: str
    digest: Digest | None = None
    built_by: IConstruct | None = None


@runtime_checkable
class ImageBuilder(Protocol):
    """Builds images and publishes them.

    takes_tokens: whether build arguments may be known only when the stack deploys.
    needs_repository: whether it cannot push to CDK's own.
    """

    takes_tokens: bool
    needs_repository: bool

    def build(self, scope: Construct, construct_id: str, build: ImageBuild) -> PublishedImage:
        """Have `build` built for the stack of `scope`."""


def built_by(images: Iterable[PublishedImage]) -> list[IConstruct]:
    """The resources that what needs these images has to wait for."""
    return [image.built_by for image in images if image.built_by is not None]
