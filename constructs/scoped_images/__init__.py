"""AWS CDK constructs that build and ship container images from a Python monorepo."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoped_images.base_declaration import BaseDeclaration
    from scoped_images.base_graph import BaseGraph
    from scoped_images.base_image import BaseImage
    from scoped_images.base_images import BaseImages
    from scoped_images.context import ScopedContext
    from scoped_images.environment import Environment
    from scoped_images.errors import ScopedImagesError
    from scoped_images.image_pruner import ImagePruner
    from scoped_images.image_repository import ImageRepository
    from scoped_images.lifecycle import ImageLifecycle
    from scoped_images.ordered_assets import OrderedAssets
    from scoped_images.platform import Platform
    from scoped_images.pull_through import PullThroughCache
    from scoped_images.refresh_marks import RefreshMarks
    from scoped_images.registry_cache import RegistryCache
    from scoped_images.remote.build_secret import BuildSecret
    from scoped_images.remote_builder import RemoteBuilder
    from scoped_images.retention.retention import Retention
    from scoped_images.scoped_image import ScopedImage
    from scoped_images.upstream.images_lock import ImagesLock
    from scoped_images.upstream.upstream_images import UpstreamImages

__all__ = [
    "BaseDeclaration",
    "BaseGraph",
    "BaseImage",
    "BaseImages",
    "BuildSecret",
    "Environment",
    "ImageLifecycle",
    "ImagePruner",
    "ImageRepository",
    "ImagesLock",
    "OrderedAssets",
    "Platform",
    "PullThroughCache",
    "RefreshMarks",
    "RegistryCache",
    "RemoteBuilder",
    "Retention",
    "ScopedContext",
    "ScopedImage",
    "ScopedImagesError",
    "UpstreamImages",
]

_MODULES = {
    "BaseDeclaration": "base_declaration",
    "BaseGraph": "base_graph",
    "BaseImage": "base_image",
    "BaseImages": "base_images",
    "BuildSecret": "remote.build_secret",
    "Environment": "environment",
    "ImageLifecycle": "lifecycle",
    "ImagePruner": "image_pruner",
    "ImageRepository": "image_repository",
    "ImagesLock": "upstream.images_lock",
    "OrderedAssets": "ordered_assets",
    "Platform": "platform",
    "PullThroughCache": "pull_through",
    "RefreshMarks": "refresh_marks",
    "RegistryCache": "registry_cache",
    "RemoteBuilder": "remote_builder",
    "Retention": "retention.retention",
    "ScopedContext": "context",
    "ScopedImage": "scoped_image",
    "ScopedImagesError": "errors",
    "UpstreamImages": "upstream.upstream_images",
}


def __getattr__(name: str) -> object:
    # On first use: what decides is used without CDK too, and importing aws_cdk starts a Node process.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
