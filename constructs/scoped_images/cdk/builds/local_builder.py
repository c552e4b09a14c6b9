"""Builds images on the machine that deploys, as image assets of the CDK CLI."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import DockerCacheOption, DockerImageAssetLocation, SymlinkFollowMode
from aws_cdk.aws_ecr_assets import DockerCacheOption as StockCacheOption
from aws_cdk.aws_ecr_assets import DockerImageAsset, DockerImageAssetInvalidationOptions, NetworkMode
from aws_cdk.aws_ecr_assets import Platform as AssetPlatform
from constructs import Construct

from scoped_images.cdk.builds.builder import ImageBuild, PublishedImage
from scoped_images.cdk.order.ordered_assets import ordered_assets_of
from scoped_images.cdk.place import path_of, place_of, stack_of, synthesizer_of
from scoped_images.cdk.repositories.repository_by_name import RepositoryByName
from scoped_images.errors import ScopedImagesError
from scoped_images.image.registry_cache import CacheOption

# cx-api's DISABLE_ASSET_STAGING_CONTEXT, which Python does not get.
_DISABLE_ASSET_STAGING = "aws:cdk:disable-asset-staging"


class LocalBuilder:
    """Has the CDK CLI build and push each image before its stack deploys."""

    takes_tokens = False
    needs_repository = False

    def build(self, scope: Construct, construct_id: str, build: ImageBuild) -> PublishedImage:
        """Write the context to the cloud assembly and register it as an image asset of the stack.

        A DockerImageAsset would copy the folder once more, and put what its links lead to into the copy
        (docs/decisions/0010-contexts-are-written-once.md).
        """
        assembly = Path(place_of(scope).assets)
        written = build.spec.context.write_into(assembly)
        # Relative to the written folder, where docker runs: an absolute path would differ from machine to machine.
        folders = {
            name: os.path.relpath(named.write_into(assembly), written)
            for name, named in build.spec.context.named.items()
        }
        outside = {
            name: context.relative_to(written) for name, context in build.spec.context.external.items()
        }
        asset = _Asset(
            build=build, folder=written, contexts={**folders, **build.spec.image_contexts, **outside}
        )
        if build.repository is None:
            return asset.add_to_stack(scope, construct_id)
        asset.add_to_synthesizer(scope)
        why = "only OrderedAssets has the CLI push to a repository of the image's own"
        synthesizer = ordered_assets_of(stack_of(scope), why=why)
        tag = build.spec.content_tag
        synthesizer.publish_image(asset.source_hash, repository_name=build.repository.name, tag=tag)
        repository = RepositoryByName(scope, f"{construct_id}Repository", build.repository)
        return PublishedImage(repository=repository, tag=tag)


@dataclass(frozen=True, kw_only=True)
class _Asset:
    """An image asset of a stack. folder: below the cloud assembly. contexts: named ones, as docker takes them."""

    build: ImageBuild
    folder: Path
    contexts: Mapping[str, str]

    @property
    def source_hash(self) -> str:
        """The asset's name. It depends on the repository, because an asset of a stack has one destination."""
        fingerprint, repository = self.build.spec.fingerprint, self.build.repository
        if repository is None:
            return fingerprint
        return hashlib.sha256(f"{fingerprint} {repository.uri}".encode()).hexdigest()

    def add_to_synthesizer(self, scope: Construct) -> DockerImageAssetLocation:
        """Have the CLI build the folder as it is."""
        spec, imports, export = self.build.spec, self._imports, self._export
        return synthesizer_of(scope).add_docker_image_asset(
            source_hash=self.source_hash,
            # A Stage's manifests lie in a folder of their own, its assets beside those of the app.
            directory_name=os.path.relpath(self.folder, place_of(scope).assembly),
            docker_file=spec.context.written_dockerfile,
            platform=str(spec.platform),
            docker_build_target=spec.stage,
            docker_build_args=spec.arguments or None,
            docker_build_contexts=self.contexts or None,
            docker_build_secrets=self._secrets or None,
            docker_build_ssh=spec.options.ssh,
            network_mode=spec.options.network,
            docker_cache_disabled=spec.options.no_cache or None,
            docker_cache_from=[DockerCacheOption(**option) for option in imports] or None,
            docker_cache_to=DockerCacheOption(**export) if export else None,
            display_name=path_of(scope),
        )

    def add_to_stack(self, scope: Construct, construct_id: str) -> PublishedImage:
        """Have the CLI build the folder, and push it to CDK's own repository."""
        try:
            location = self.add_to_synthesizer(scope)
        except RuntimeError as error:
            if "must be bound to a Stack" not in str(error):
                raise
            # jsii gives Python a stock synthesizer that Python made unbound. CDK's own constructs get it bound.
            asset = self._stock_asset(scope, construct_id)
            name, tag = asset.repository.repository_name, asset.image_tag
        else:
            name, tag = location.repository_name, location.image_tag or self.source_hash
        repository = RepositoryByName(scope, f"{construct_id}Repository", name)
        return PublishedImage(repository=repository, tag=tag)

    def _stock_asset(self, scope: Construct, construct_id: str) -> DockerImageAsset:
        spec, imports, export = self.build.spec, self._imports, self._export
        place = Construct(scope, construct_id)
        # Without it CDK copies the folder once more, by its own rules.
        place.node.set_context(_DISABLE_ASSET_STAGING, True)
        return DockerImageAsset(
            place,
            "Asset",
            directory=str(self.folder),
            file=spec.context.written_dockerfile,
            follow_symlinks=SymlinkFollowMode.NEVER,
            extra_hash=self.source_hash,
            # The source hash covers them.
            invalidation=DockerImageAssetInvalidationOptions(
                build_args=False, build_contexts=False, build_secrets=False
            ),
            platform=AssetPlatform.custom(str(spec.platform)),
            target=spec.stage,
            build_args=spec.arguments or None,
            build_contexts=self.contexts or None,
            build_secrets=self._secrets or None,
            build_ssh=spec.options.ssh,
            network_mode=NetworkMode.custom(spec.options.network) if spec.options.network else None,
            cache_disabled=spec.options.no_cache or None,
            cache_from=[StockCacheOption(**option) for option in imports] or None,
            cache_to=StockCacheOption(**export) if export else None,
            display_name=path_of(scope),
        )

    @property
    def _secrets(self) -> dict[str, str]:
        """The build secrets, their files relative to the written folder, where docker runs."""
        secrets = {}
        for name, value in self.build.spec.options.build_secrets.items():
            kind, _, place = value.partition("=")
            if kind == "src":
                path = Path(place).expanduser().absolute()
                if not path.is_file():
                    raise ScopedImagesError(
                        f"build_secrets[{name!r}]: {path} is not a file, got {value!r}; create it, or give a path that "
                        f"starts from {Path.cwd()}"
                    )
                place = os.path.relpath(path, self.folder)
            secrets[name] = f"{kind}={place}"
        return secrets

    @property
    def _imports(self) -> list[dict[str, Any]]:
        cache = self.build.cache
        return [_properties(option) for option in cache.cache_from()] if cache else []

    @property
    def _export(self) -> dict[str, Any] | None:
        export = self.build.cache.cache_to() if self.build.cache else None
        return _properties(export) if export else None


def _properties(option: CacheOption) -> dict[str, Any]:
    return {"type": option.type, "params": dict(option.params)}
