"""AWS CDK constructs that build and ship container images from a Python monorepo."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoped_images.base_image import BaseImage
    from scoped_images.context import ScopedContext
    from scoped_images.environment import Environment
    from scoped_images.errors import ScopedImagesError
    from scoped_images.image_pruner import ImagePruner
    from scoped_images.image_repository import ImageRepository
    from scoped_images.lifecycle import ImageLifecycle
    from scoped_images.ordered_assets import OrderedAssets
    from scoped_images.platform import Platform
    from scoped_images.registry_cache import RegistryCache
    from scoped_images.remote.build_secret import BuildSecret
    from scoped_images.remote_builder import RemoteBuilder
    from scoped_images.retention.retention import Retention
    from scoped_images.scoped_image import ScopedImage

__all__ = [
    "BaseImage",
    "BuildSecret",
    "Environment",
    "ImageLifecycle",
    "ImagePruner",
    "ImageRepository",
    "OrderedAssets",
    "Platform",
    "RegistryCache",
    "RemoteBuilder",
    "Retention",
    "ScopedContext",
    "ScopedImage",
    "ScopedImagesError",
]

_MODULES = {
    "BuildSecret": "remote.build_secret",
    "BaseImage": "base_image",
    "Environment": "environment",
    "ImageLifecycle": "lifecycle",
    "ImagePruner": "image_pruner",
    "ImageRepository": "image_repository",
    "OrderedAssets": "ordered_assets",
    "Platform": "platform",
    "RegistryCache": "registry_cache",
    "RemoteBuilder": "remote_builder",
    "Retention": "retention.retention",
    "ScopedContext": "context",
    "ScopedImage": "scoped_image",
    "ScopedImagesError": "errors",
}


def __getattr__(name: str) -> object:
    # On first use: what decides is used without CDK too, and importing aws_cdk starts a Node process.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
