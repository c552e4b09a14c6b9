"""An image built from a scoped context, for Lambda functions and containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from aws_cdk import CfnOutput
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from scoped_images.arguments import expect, expect_words
from scoped_images.base_image import BaseImage, base_uri, cache_of, stand_on
from scoped_images.context import ScopedContext
from scoped_images.image_architecture import LAMBDA_ARCHITECTURES, TASK_PLATFORMS, ImageArchitectures
from scoped_images.image_asset import image_asset
from scoped_images.image_repository import ImageRepository
from scoped_images.image_spec import ImageSpec
from scoped_images.platform import Platform
from scoped_images.registry_cache import RegistryCache
from scoped_images.registry_resources import ImageDigest
from scoped_images.stack_order import build_after, require_same_place


class ScopedImage(Construct):
    """One image, as code of any number of stock `DockerImageFunction`s and containers.

    digest: `sha256:…`, known when the stack deploys.
    architecture, runtime_platform: for function and task; left out there, they are set to these.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        context: ScopedContext,
        platform: Platform,
        repository: ImageRepository | None = None,
        base: BaseImage | None = None,
        cache: RegistryCache | Literal[False] | None = None,
        build_args: Mapping[str, str] | None = None,
        build_secrets: Mapping[str, str] | None = None,
        target: str | None = None,
        pin_digest: bool = False,
    ) -> None:
        """Build the image before its stack deploys.

        repository: where the registry cache is kept, in an earlier stack; by default the build has none.
        base: image to build FROM; by default the Dockerfile's own `ARG BASE_IMAGE_URI`.
        cache: by default imports from and exports to `repository`; False for none.
        build_args: values of the Dockerfile's `ARG`s; never secrets.
        build_secrets: BuildKit secrets by id: `src=<path>` or `env=<variable>`.
        target: stage to build; by default the last.
        pin_digest: refer to the image as `@sha256:…` in place of its tag. The tag stays in the template,
            where `cdk gc` looks for images in use. What runs it belongs into the same stack: the digest in
            another would be an export, and CloudFormation changes no export that is in use.
        """
        super().__init__(scope, construct_id)
        expect(self, "repository", repository, ImageRepository, "make one in an earlier stack")
        expect(self, "context", context, ScopedContext, "ScopedContext.of(directory)")
        platform = Platform.parse(platform)
        if repository is not None:
            require_same_place(self, repository.address)
            build_after(self, repository, what="its repository")
        stand_on(self, base)
        self.platform = platform
        self.spec = ImageSpec(
            context=context,
            platform=platform,
            base_uri=base_uri(self, base, platform),
            build_args=build_args or {},
            build_secrets=build_secrets or {},
            target=target,
        )
        self.asset = image_asset(
            self, "Asset", spec=self.spec, cache=cache_of(self, repository, platform, cache)
        )
        lookup = ImageDigest(self, "Digest", repository=self.asset.repository, tag=self.asset.image_tag)
        self.digest = lookup.digest
        self.architecture = LAMBDA_ARCHITECTURES[platform]
        self.runtime_platform = TASK_PLATFORMS[platform]
        # The literal prefix is what makes CDK write `@sha256:…` and not `:sha256…`.
        self._tag_or_digest = f"sha256:{lookup.hex}" if pin_digest else self.asset.image_tag
        ImageArchitectures.register(
            self,
            marker=lookup.logical_id if pin_digest else self.asset.image_tag,
            platform=platform,
            pinned=pin_digest,
        )
        CfnOutput(self, "ImageDigest", value=self.digest)

    def to_lambda_code(
        self, *, cmd: Sequence[str] | None = None, entrypoint: Sequence[str] | None = None
    ) -> lambda_.DockerImageCode:
        """The image as a function's code; `cmd` and `entrypoint` by default those of the Dockerfile."""
        expect_words("cmd", cmd)
        expect_words("entrypoint", entrypoint)
        return lambda_.DockerImageCode.from_ecr(
            self.asset.repository,
            tag_or_digest=self._tag_or_digest,
            cmd=list(cmd) if cmd else None,
            entrypoint=list(entrypoint) if entrypoint else None,
        )

    def to_container_image(self) -> ecs.ContainerImage:
        """The image as that of a task definition's container; the execution role may pull it."""
        return ecs.ContainerImage.from_ecr_repository(self.asset.repository, self._tag_or_digest)
