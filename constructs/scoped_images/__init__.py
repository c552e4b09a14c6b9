"""AWS CDK constructs that build and ship container images from a Python monorepo."""

from scoped_images.base_image import BaseImage
from scoped_images.context import ScopedContext
from scoped_images.environment import Environment
from scoped_images.errors import ScopedImagesError
from scoped_images.image_repository import ImageRepository
from scoped_images.lifecycle import ImageLifecycle
from scoped_images.ordered_assets import OrderedAssets
from scoped_images.platform import Platform
from scoped_images.registry_cache import RegistryCache
from scoped_images.scoped_image import ScopedImage

__all__ = [
    "BaseImage",
    "Environment",
    "ImageLifecycle",
    "ImageRepository",
    "OrderedAssets",
    "Platform",
    "RegistryCache",
    "ScopedContext",
    "ScopedImage",
    "ScopedImagesError",
]
