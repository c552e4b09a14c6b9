"""AWS CDK constructs that build and ship container images from a Python monorepo."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__: str

if TYPE_CHECKING:
    from scoped_images.bases.declaration import BaseDeclaration as BaseDeclaration
    from scoped_images.bases.graph import BaseGraph as BaseGraph
    from scoped_images.bases.package_options import PackageOptions as PackageOptions
    from scoped_images.bases.refresh_marks import RefreshMarks as RefreshMarks
    from scoped_images.cdk.bases.base_image import BaseImage as BaseImage
    from scoped_images.cdk.bases.base_images import BaseImages as BaseImages
    from scoped_images.cdk.bases.base_images import WorkloadBases as WorkloadBases
    from scoped_images.cdk.builds.builder import ImageBuild as ImageBuild
    from scoped_images.cdk.builds.builder import ImageBuilder as ImageBuilder
    from scoped_images.cdk.builds.builder import PublishedImage as PublishedImage
    from scoped_images.cdk.environment import Environment as Environment
    from scoped_images.cdk.functions.image_pruner import ImagePruner as ImagePruner
    from scoped_images.cdk.functions.registry_function import RegistryFunction as RegistryFunction
    from scoped_images.cdk.images.existing_image import ExistingImage as ExistingImage
    from scoped_images.cdk.images.image_copy import ImageCopy as ImageCopy
    from scoped_images.cdk.images.scoped_image import ScopedImage as ScopedImage
    from scoped_images.cdk.images.workspace_images import WorkspaceImages as WorkspaceImages
    from scoped_images.cdk.order.ordered_assets import OrderedAssets as OrderedAssets
    from scoped_images.cdk.remote.builder import RemoteBuilder as RemoteBuilder
    from scoped_images.cdk.repositories.existing_repository import ExistingRepository as ExistingRepository
    from scoped_images.cdk.repositories.image_repository import ImageRepository as ImageRepository
    from scoped_images.cdk.repositories.pull_through import PullThroughCache as PullThroughCache
    from scoped_images.cdk.stack_outputs import StackOutputs as StackOutputs
    from scoped_images.context.scoped_context import ScopedContext as ScopedContext
    from scoped_images.ecr.address import RepositoryAddress as RepositoryAddress
    from scoped_images.ecr.lifecycle import ImageLifecycle as ImageLifecycle
    from scoped_images.errors import ScopedImagesError as ScopedImagesError
    from scoped_images.image.build_options import BuildOptions as BuildOptions
    from scoped_images.image.registry_cache import RegistryCache as RegistryCache
    from scoped_images.platform import Platform as Platform
    from scoped_images.pruning.retention import Retention as Retention
    from scoped_images.remote.build_secret import BuildSecret as BuildSecret
    from scoped_images.upstream.images import UpstreamImages as UpstreamImages
    from scoped_images.upstream.lock import ImagesLock as ImagesLock

# For type checkers the imports above say the same: `as` makes a name public.
_MODULES = {
    "BaseDeclaration": "bases.declaration",
    "BaseGraph": "bases.graph",
    "BaseImage": "cdk.bases.base_image",
    "BaseImages": "cdk.bases.base_images",
    "BuildOptions": "image.build_options",
    "BuildSecret": "remote.build_secret",
    "Environment": "cdk.environment",
    "ExistingImage": "cdk.images.existing_image",
    "ExistingRepository": "cdk.repositories.existing_repository",
    "ImageBuild": "cdk.builds.builder",
    "ImageBuilder": "cdk.builds.builder",
    "ImageCopy": "cdk.images.image_copy",
    "ImageLifecycle": "ecr.lifecycle",
    "ImagePruner": "cdk.functions.image_pruner",
    "ImageRepository": "cdk.repositories.image_repository",
    "ImagesLock": "upstream.lock",
    "OrderedAssets": "cdk.order.ordered_assets",
    "PackageOptions": "bases.package_options",
    "Platform": "platform",
    "PublishedImage": "cdk.builds.builder",
    "PullThroughCache": "cdk.repositories.pull_through",
    "RefreshMarks": "bases.refresh_marks",
    "RegistryCache": "image.registry_cache",
    "RegistryFunction": "cdk.functions.registry_function",
    "RemoteBuilder": "cdk.remote.builder",
    "RepositoryAddress": "ecr.address",
    "Retention": "pruning.retention",
    "ScopedContext": "context.scoped_context",
    "ScopedImage": "cdk.images.scoped_image",
    "ScopedImagesError": "errors",
    "StackOutputs": "cdk.stack_outputs",
    "UpstreamImages": "upstream.images",
    "WorkloadBases": "cdk.bases.base_images",
    "WorkspaceImages": "cdk.images.workspace_images",
}
__all__ = list(_MODULES)


def __dir__() -> list[str]:
    # For completion in a REPL, which would not know the names that nobody has used yet.
    return [*__all__, "__version__"]


def __getattr__(name: str) -> object:
    # On first use: what decides is used without CDK too, and importing aws_cdk starts a Node process.
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - it takes 50 ms

        return version("cdk-scoped-images")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
