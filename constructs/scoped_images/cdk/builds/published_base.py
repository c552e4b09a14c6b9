"""A base image as the builds that start from it see it."""

from __future__ import annotations

from dataclasses import dataclass

from constructs import Construct

from scoped_images.ecr.address import RepositoryAddress
from scoped_images.image.base_reference import BaseReference
from scoped_images.platform import Platform


@dataclass(frozen=True, kw_only=True)
class PublishedBase:
    """Where a base image is, and after which stack it is there.

    construct: that publishes it. is_static: whether its dependents stay as they are when it changes.
    """

    reference: BaseReference
    address: RepositoryAddress
    platforms: tuple[Platform, ...]
    is_static: bool
    construct: Construct


def reference_of(base: PublishedBase | BaseReference) -> BaseReference:
    """Return what the build reads."""
    return base.reference if isinstance(base, PublishedBase) else base
