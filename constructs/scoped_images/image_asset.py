"""Hands an image spec to CDK's DockerImageAsset."""

from __future__ import annotations

import os
from pathlib import Path

from aws_cdk import Annotations, Stage
from aws_cdk.aws_ecr_assets import DockerImageAsset
from aws_cdk.aws_ecr_assets import Platform as AssetPlatform
from constructs import Construct

from scoped_images.context import ScopedContext
from scoped_images.errors import ScopedImagesError
from scoped_images.image_spec import ImageSpec
from scoped_images.named_context import NamedContext
from scoped_images.platform import Platform
from scoped_images.registry_cache import RegistryCache

_ASSET_PLATFORMS = {
    Platform.LINUX_AMD64: AssetPlatform.LINUX_AMD64,
    Platform.LINUX_ARM64: AssetPlatform.LINUX_ARM64,
}


def image_asset(
    scope: Construct, construct_id: str, *, spec: ImageSpec, cache: RegistryCache | None
) -> DockerImageAsset:
    """Stage the spec's context in the cloud assembly and make an asset of it."""
    if cache is not None and cache.platform != spec.platform:
        raise ScopedImagesError(
            f"cache of {scope.node.path!r} is for {cache.platform}, the image for {spec.platform}: one cache ref "
            "holds one platform, so give both the same"
        )
    for warning in spec.context.warnings:
        Annotations.of(scope).add_warning_v2("scoped-images:context", warning)
    staged = _stage(scope, spec.context)
    return DockerImageAsset(
        scope,
        construct_id,
        directory=str(staged),
        file=spec.context.staged_dockerfile,
        # The context is exact already; without this CDK applies a staged .dockerignore to it once more.
        exclude=["!**"],
        extra_hash=spec.fingerprint,
        platform=_ASSET_PLATFORMS[spec.platform],
        target=spec.stage,
        build_args=spec.arguments or None,
        # Relative to the staged folder, where docker runs: an absolute path would be another hash on each machine.
        build_contexts={
            name: os.path.relpath(_stage(scope, named), staged) for name, named in spec.context.named.items()
        }
        or None,
        build_secrets=dict(spec.build_secrets) or None,
        cache_from=cache.cache_from() if cache else None,
        cache_to=cache.cache_to() if cache else None,
        asset_name=scope.node.path,
    )


def _stage(scope: Construct, context: ScopedContext | NamedContext) -> Path:
    """Stage a context in the cloud assembly, by its fingerprint: what lies there already is the same content."""
    stage = Stage.of(scope)
    assert stage is not None, "every construct of an app is in a stage: the app itself is one"
    staged = Path(stage.asset_outdir) / f"scoped-context-{context.fingerprint}"
    context.stage(staged)
    return staged
