"""An image built from a scoped context, for Lambda functions and containers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypedDict, Unpack

# Its modules load when they are first used: aws_lambda and aws_ecs take half a second.
import aws_cdk
from constructs import Construct, IConstruct

from scoped_images.cdk.annotations import annotate_info
from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.bases.base_image import BaseImage
from scoped_images.cdk.builds.builder import ImageBuilder
from scoped_images.cdk.builds.builds import ImageBuilds, platforms_of
from scoped_images.cdk.builds.dockerfile_context import dockerfile_context
from scoped_images.cdk.builds.local_builder import LocalBuilder
from scoped_images.cdk.builds.publish import publish
from scoped_images.cdk.checked import checked
from scoped_images.cdk.functions.registry_resources import move_tags
from scoped_images.cdk.images.docker_image_code import lambda_code
from scoped_images.cdk.images.image_references import ImageReferences
from scoped_images.cdk.place import path_of
from scoped_images.cdk.repositories.addressed_repository import AddressedRepository
from scoped_images.cdk.repositories.existing_repository import ExistingRepository
from scoped_images.cdk.repositories.image_repository import ImageRepository
from scoped_images.cdk.stack_outputs import add_outputs, output_name
from scoped_images.context.control_files import DOCKERFILE
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.size import MAX_BYTES
from scoped_images.ecr.tags import expect_moving_tag
from scoped_images.errors import ScopedImagesError
from scoped_images.image.build_command import build_command
from scoped_images.image.build_options import BuildOptions
from scoped_images.platform import Platform


class ImageOptions(TypedDict, total=False):
    """The keywords of ScopedImage that `from_dockerfile` and `WorkspaceImages.image` pass on; it has their defaults."""

    platform: Platform | None
    platforms: Sequence[Platform]
    repository: ImageRepository | ExistingRepository | None
    base: BaseImage | str | None
    named_bases: Mapping[str, BaseImage | str] | None
    options: BuildOptions | None
    moving_tag: str | None
    builder: ImageBuilder | None


class ScopedImage(Construct):
    """One image, as code of any number of stock `DockerImageFunction`s and containers.

    address: of its own repository; None for an image in CDK's.
    repository, tag: where it is: in its own repository by its content tag, or in CDK's by CDK's hash.

    Without pin, repository and base, an image adds an asset to its stack and nothing else.
    """

    @checked()
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        context: ScopedContext | Callable[[Platform], ScopedContext],
        platform: Platform | None = None,
        platforms: Sequence[Platform] = (),
        repository: ImageRepository | ExistingRepository | None = None,
        base: BaseImage | str | None = None,
        named_bases: Mapping[str, BaseImage | str] | None = None,
        options: BuildOptions | None = None,
        pin_digest: bool = False,
        moving_tag: str | None = None,
        builder: ImageBuilder | None = None,
    ) -> None:
        """Build the image before its stack deploys.

        context: or a function from a platform to its context, if the files depend on the platform.
        platform: defaults to the context value `scoped-images:platform`, else `linux/amd64`.
        platforms: several in place of `platform`; containers get an index, functions one platform's image.
        repository: of an earlier stack, for the image and its registry cache. Defaults to CDK's own repository,
            without a cache.
        base: image to build FROM: a base image of the app, or the URI of an image that something else builds, which
            is pinned and mirrored as `options` say. Defaults to the Dockerfile's own `ARG BASE_IMAGE_URI`.
        named_bases: further base images, by the names that `COPY --from=` uses.
        options: build arguments, secrets, target stage, pins and mirrors, registry cache.
        pin_digest: refer to the image as `@sha256:…` in place of its tag. The stack then looks the digest up when it
            deploys. The tag stays in the template, where `cdk gc` looks for images in use. Put what runs the image into
            the same stack: another stack would import the digest, and CloudFormation cannot change an export that is in
            use.
        moving_tag: a second tag, such as `dev`, which the stack moves to this image once it is pushed. Needs a
            repository, which then keeps the image that has the tag.
        builder: defaults to the machine that deploys; a RemoteBuilder builds the same image on AWS.
        """
        super().__init__(scope, construct_id)
        self._has_outputs = False
        self.platforms = platforms_of(self, platform, platforms)
        image_builds = ImageBuilds(
            scope=self,
            context=context,
            platforms=self.platforms,
            repository=repository,
            base=base,
            named_bases=named_bases or {},
            options=options or BuildOptions(),
            builder=LocalBuilder() if builder is None else builder,
        )
        builds = image_builds.builds()
        self.specs = tuple(build.spec for build in builds)
        self.address = repository.address if repository else None
        published = publish(self, builds, image_builds.builder)
        self.repository, self.tag = published.whole.repository, published.whole.tag
        self._references = ImageReferences(
            self, published=published, pinned=pin_digest, ordered=image_builds.ordered
        )
        if pin_digest and register_of(self).is_first("pin-digest"):
            annotate_info(
                self,
                "pin-digest",
                "pin_digest: only CloudFormation can look the digest up, so cdk watch and cdk deploy --hotswap skip "
                "what runs this image and end green with the old code; deploy with --hotswap-fallback, or use "
                "pin_digest=False where you hotswap",
            )
        if moving_tag is not None:
            self._move(moving_tag, repository, published.needed)

    @classmethod
    @checked(ImageOptions, to=__init__)
    def from_dockerfile(
        cls,
        scope: Construct,
        construct_id: str,
        root: str | Path,
        dockerfile: str | Path = DOCKERFILE,
        *,
        build_args: Mapping[str, str] | None = None,
        build_contexts: Mapping[str, str | Path] | None = None,
        target: str | None = None,
        include: Sequence[str] = (),
        max_bytes: int = MAX_BYTES,
        pin_digest: bool = False,
        **image: Unpack[ImageOptions],
    ) -> Self:
        """Build a Dockerfile with the files of `root` that it reads, and no others.

        root: what `COPY` starts from, such as the repository. Paths start from the folder that synth runs in.
        dockerfile: relative to `root`.
        build_args, target: as those of `options`, which may give them too.
        build_contexts, include, max_bytes: as those of ScopedContext.from_dockerfile.
        The other arguments are those of ScopedImage.
        """
        context = dockerfile_context(
            root,
            dockerfile,
            image.get("options") or BuildOptions(),
            build_args=build_args,
            build_contexts=build_contexts,
            target=target,
            include=include,
            max_bytes=max_bytes,
        )
        return cls(scope, construct_id, context=context, pin_digest=pin_digest, **image)

    @property
    def uri(self) -> str:
        """What containers run: `<registry>/<repository>:<tag>`, or `…@sha256:…` with `pin_digest`."""
        repository, tag_or_digest = self._references.reference()
        return repository.image_uri(tag_or_digest)

    @property
    def digest(self) -> str:
        """`sha256:…`, which the stack looks up when it deploys; for several platforms that of the index."""
        return self._references.image_digest.digest

    @checked()
    def add_outputs(self, *, name: str | None = None, parameters: str | None = None) -> None:
        """Add URI and digest to the outputs of the image's stack; with a repository of its own, a build command too.

        name: what the outputs' names begin with, as in `UploadImageUri`. Defaults to the construct's id without `Image`.
        parameters: as those of StackOutputs.
        """
        prefix = name or output_name(self.node.id).removesuffix("Image")
        values = {"ImageUri": self.uri, "ImageDigest": self.digest}
        command = build_command(self.specs[0], self.address.uri) if self.address else None
        if command is not None and len(self.specs) == 1:
            values["BuildCommand"] = command
        add_outputs(self, {f"{prefix}{key}": value for key, value in values.items()}, parameters=parameters)
        self._has_outputs = True

    @property
    def has_outputs(self) -> bool:
        """Whether `add_outputs` was called."""
        return self._has_outputs

    @checked()
    def to_lambda_code(
        self,
        *,
        platform: Platform | None = None,
        cmd: Sequence[str] | None = None,
        entrypoint: Sequence[str] | None = None,
    ) -> aws_cdk.aws_lambda.DockerImageCode:
        """Return the image as a function's code; `cmd` and `entrypoint` default to those of the Dockerfile.

        platform: one of several; Lambda takes no index.
        """
        repository, tag_or_digest = self._references.reference(self._one_platform(platform))
        return lambda_code(repository, tag_or_digest, cmd=cmd, entrypoint=entrypoint)

    def to_container_image(self) -> aws_cdk.aws_ecs.ContainerImage:
        """Return the image for a container of a task definition, whose execution role may then pull it."""
        return aws_cdk.aws_ecs.ContainerImage.from_ecr_repository(*self._references.reference())

    def _move(self, tag: str, repository: AddressedRepository | None, needed: tuple[IConstruct, ...]) -> None:
        expect_moving_tag(tag, name=f"moving_tag of {path_of(self)!r}")
        if repository is None:
            raise ScopedImagesError(
                f"moving_tag: tags of CDK's own repository never move, got {tag!r} for {path_of(self)!r}; give the image "
                "repository=, an ImageRepository of an earlier stack"
            )
        register_of(self).add_moving_tag(self, repository.address, tag)
        repository.keep_moving_tag(tag)
        move_tags(self, repository.address, from_tag=self.tag, tags=[tag], after=needed)

    def _one_platform(self, platform: Platform | None) -> Platform:
        if platform is None and len(self.platforms) == 1:
            return self.platforms[0]
        if platform is None or Platform.parse(platform) not in self.platforms:
            raise ScopedImagesError(
                f"platform: Lambda takes no index, got {platform!r} for {self.node.path!r}; pass one of "
                f"{' and '.join(self.platforms)}"
            )
        return Platform.parse(platform)
