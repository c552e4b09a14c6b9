"""The interface of builders: what they build, what they return, and what builds start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from constructs import Construct, IConstruct

from scoped_images.cdk.app.registered_image import Digest
from scoped_images.cdk.checked import checked
from scoped_images.cdk.repositories.repository_by_name import RepositoryByName
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.image.base_reference import BaseReference
from scoped_images.image.registry_cache import RegistryCache
from scoped_images.image.spec import ImageSpec
from scoped_images.platform import Platform


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


@checked()
@dataclass(frozen=True, kw_only=True)
class PublishedImage:
    """Where an image is once its stack is deployed, or is being deployed.

    digest: None if the builder does not know it.
    built_by: the resource that builds it while the stack deploys; None if the CLI builds it before.
    """

    repository: RepositoryByName
    tag: str
    digest: Digest | None = None
    built_by: IConstruct | None = None


class PublishedBase(Construct):
    """A base image as the builds that start from it see it.

    reference: what they are built FROM. address: of its repository. platforms: that it is built for.
    is_static: whether they stay as they are when it changes.
    """

    reference: BaseReference
    address: RepositoryAddress
    platforms: tuple[Platform, ...]
    is_static: bool


@runtime_checkable
class ImageBuilder(Protocol):
    """Builds images and publishes them.

    takes_tokens: whether build arguments may be tokens.
    needs_repository: whether it cannot push to CDK's own repository.
    """

    takes_tokens: bool
    needs_repository: bool

    def build(self, scope: Construct, construct_id: str, build: ImageBuild) -> PublishedImage:
        """Add to the stack of `scope` whatever makes the image."""
