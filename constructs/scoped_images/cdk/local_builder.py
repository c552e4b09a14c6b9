"""Builds images on the machine that deploys, as CDK's DockerImageAsset."""

from __future__ import annotations

import os
from pathlib import Path

from aws_cdk import Stack, Stage
from aws_cdk import aws_ecr as ecr
from aws_cdk.aws_ecr_assets import DockerCacheOption, DockerImageAsset, DockerImageAssetInvalidationOptions
from aws_cdk.aws_ecr_assets import Platform as AssetPlatform
from constructs import Construct

from scoped_images.cdk.builder import ImageBuild, PublishedImage
from scoped_images.cdk.ordered_assets import OrderedAssets
from scoped_images.context.named import NamedContext
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.image.registry_cache import CacheOption
from scoped_images.platform import Platform

_ASSET_PLATFORMS = {
    Platform.LINUX_AMD64: AssetPlatform.LINUX_AMD64,
    Platform.LINUX_ARM64: AssetPlatform.LINUX_ARM64,
}


class LocalBuilder:
    """Has the CDK CLI build and push each image before its stack deploys."""

    takes_tokens = False
    needs_repository = False

    def build(self, scope: Construct, construct_id: str, build: ImageBuild) -> PublishedImage:
        """Stage the context in the cloud assembly and make an asset of it."""
        spec, cache = build.spec, build.cache
        export = cache.cache_to() if cache else None
        staged = _stage(scope, spec.context)
        # Relative to the staged folder, where docker runs: an absolute path would be another hash on each machine.
        folders = {
            name: os.path.relpath(_stage(scope, named), staged) for name, named in spec.context.named.items()
        }
        asset = DockerImageAsset(
            scope,
            construct_id,
            directory=str(staged),
            file=spec.context.staged_dockerfile,
            # The context is exact already; without this CDK applies a staged .dockerignore to it once more.
            exclude=["!**"],
            # With the repository: CDK makes one asset of equal ones, which has one destination.
            extra_hash=f"{spec.fingerprint} {build.repository.uri if build.repository else ''}",
            # The fingerprint has them, as far as they tell contents apart.
            invalidation=DockerImageAssetInvalidationOptions(
                build_args=False, build_contexts=False, build_secrets=False
            ),
            platform=_ASSET_PLATFORMS[spec.platform],
            target=spec.stage,
            build_args=spec.arguments or None,
            build_contexts={**folders, **spec.image_contexts} or None,
            build_secrets=dict(spec.options.build_secrets) or None,
            cache_from=[_option(option) for option in cache.cache_from()] if cache else None,
            cache_to=_option(export) if export else None,
            display_name=scope.node.path,
        )
        if build.repository is None:
            return PublishedImage(repository=asset.repository, tag=asset.image_tag)
        synthesizer = Stack.of(scope).synthesizer
        assert isinstance(synthesizer, OrderedAssets), "build_after has checked it"
        # Without the further tags, which move when the stack deploys: pushed from here they would also stay in this
        # machine's image store, and FROM takes what it finds there, however old.
        synthesizer.publish_image(
            asset.image_tag, repository_name=build.repository.name, tag=spec.content_tag
        )
        return PublishedImage(
            repository=repository_at(scope, f"{construct_id}Repository", build.repository),
            tag=spec.content_tag,
        )


def repository_at(scope: Construct, construct_id: str, address: RepositoryAddress) -> ecr.IRepository:
    """The repository of an address, by literals: no export ties its stack to that of `scope`."""
    arn = Stack.of(scope).format_arn(service="ecr", resource="repository", resource_name=address.name)
    return ecr.Repository.from_repository_attributes(
        scope, construct_id, repository_arn=arn, repository_name=address.name
    )


def _option(option: CacheOption) -> DockerCacheOption:
    return DockerCacheOption(type=option.type, params=dict(option.params))


def _stage(scope: Construct, context: ScopedContext | NamedContext) -> Path:
    """Stage a context in the cloud assembly, by its fingerprint: what lies there already is the same content."""
    stage = Stage.of(scope)
    assert stage is not None, "every construct of an app is in a stage: the app itself is one"
    staged = Path(stage.asset_outdir) / f"scoped-context-{context.fingerprint}"
    context.stage(staged)
    return staged
