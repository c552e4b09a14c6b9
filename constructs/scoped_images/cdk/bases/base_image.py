"""A base image: other images are built from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from scoped_images.building.assembly import BASE_METADATA
from scoped_images.cdk.annotations import annotate_info
from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.builds.builder import ImageBuilder, PublishedBase
from scoped_images.cdk.builds.builds import ImageBuilds, platforms_of, refuse_late_args
from scoped_images.cdk.builds.local_builder import LocalBuilder
from scoped_images.cdk.builds.publish import publish
from scoped_images.cdk.checked import checked
from scoped_images.cdk.environment import BaseTag
from scoped_images.cdk.functions.registry_resources import move_tags
from scoped_images.cdk.place import once, path_of, stack_of
from scoped_images.cdk.repositories.existing_repository import ExistingRepository
from scoped_images.cdk.repositories.image_repository import ImageRepository
from scoped_images.context.commit import commit_of
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.ecr.tags import STABLE, git_tag
from scoped_images.errors import ScopedImagesError
from scoped_images.image.base_reference import BaseReference
from scoped_images.image.build_options import BuildOptions
from scoped_images.image.spec import index_tag
from scoped_images.platform import Platform


class BaseImage(PublishedBase):
    """Builds a base image and publishes it in its repository, as `sha-<32 hex>` and as `stable`.

    Put it into a stack of its own. The stack depends on the repository's, and its dependents' stacks depend on it.

    uri: what dependents are built FROM. reference: the same for builders, with what changes when the base does.
    content_tag: of the image, or of the index over the images of several platforms.
    """

    @checked()
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository: ImageRepository | ExistingRepository,
        context: ScopedContext | Callable[[Platform], ScopedContext],
        platform: Platform | None = None,
        platforms: Sequence[Platform] = (),
        base: BaseImage | str | None = None,
        named_bases: Mapping[str, BaseImage | str] | None = None,
        tag: BaseTag = "content",
        refresh_mark: str | None = None,
        options: BuildOptions | None = None,
        builder: ImageBuilder | None = None,
    ) -> None:
        """Build and publish.

        context: or a function from a platform to its context, if the files depend on the platform.
        platforms: several in place of `platform`; `uri` is then an index over one image for each.
        base: another base image to build FROM, or the URI of an image that the app does not build. Defaults to the
            Dockerfile's own `ARG BASE_IMAGE_URI`.
        named_bases: further base images, by the names that `COPY --from=` uses.
        tag: what dependents are built FROM. `content` and `git` rebuild them whenever this image changes; with
            `static` they keep what they have, and their next build takes the image that is `stable` then.
            With `frozen` this image is not rebuilt either, whatever its files are, until its refresh mark changes.
            `git` is `git-<32 hex>`, the last commit of the context's files, or `content` if they differ from it.
        refresh_mark: with `static` and `frozen`, a changed mark rebuilds the dependents (`scoped-images bases refresh`).
        options, builder: as those of ScopedImage.
        """
        super().__init__(scope, construct_id)
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
            frozen=refresh_mark or "" if tag == "frozen" else None,
        )
        builds = image_builds.builds()
        refuse_late_args(self, builds[0].late_args, "the tag of a base image")
        self._refuse_second_base()
        self.address = repository.address
        register_of(self).add_moving_tag(self, self.address, STABLE)
        self.specs = tuple(build.spec for build in builds)
        self.content_tag = index_tag(self.specs)
        self.is_static = tag in ("static", "frozen")
        if tag == "frozen":
            annotate_info(
                self,
                "frozen-base",
                "a change of its files is not built before scoped-images bases refresh, or another base_tag",
            )
        moving_tag = self._moving_tag(tag)
        self.uri = self.address.tagged(moving_tag or self.content_tag)
        identity = f"{STABLE} {refresh_mark or ''}" if self.is_static else self.content_tag
        self.reference = BaseReference(uri=self.uri, identity=identity)
        # For `scoped-images build`: neither an index nor a moving tag exists before the stack is deployed.
        self.node.add_metadata(
            BASE_METADATA,
            {
                "reference": self.uri,
                "images": {str(spec.platform): self.address.tagged(spec.content_tag) for spec in self.specs},
            },
        )
        needed = publish(self, builds, image_builds.builder).needed
        # One commit may have several contents: its base image or its build arguments changed since.
        tags = dict.fromkeys((STABLE, moving_tag or STABLE))
        move_tags(self, self.address, from_tag=self.content_tag, tags=tags, after=needed)
        CfnOutput(self, "Uri", value=self.address.tagged(self.content_tag))

    def _moving_tag(self, tag: BaseTag) -> str | None:
        """Return the tag that dependents are built FROM, or None for the content tag."""
        if tag in ("static", "frozen"):
            return STABLE
        if tag == "content":
            return None
        contexts = [spec.context for spec in self.specs]
        commit = commit_of(*contexts)
        if commit is None:
            annotate_info(
                self,
                "no-commit",
                f"the files in the context of {contexts[0].dockerfile.name} differ from the last commit, or are in "
                f"none: dependents are built FROM {self.content_tag}",
            )
            return None
        return git_tag(commit)

    def _refuse_second_base(self) -> None:
        stack = stack_of(self)
        bases = _bases_of(stack)
        bases.append(self)
        if len(bases) > 1:
            raise ScopedImagesError(
                f"stack: takes one base image, got {path_of(bases[0])!r} and {path_of(self)!r} in {path_of(stack)!r}; "
                "put each into a stack of its own, so that dependents wait for nothing else"
            )


@once
def _bases_of(_: Stack) -> list[BaseImage]:
    """Return the base images of a stack."""
    return []
