"""Every image of a repository in one environment: repositories, caches, bases, pins, builder and pruner."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from aws_cdk import Stack
from constructs import Construct

from scoped_images.bases.derivation_options import DerivationOptions
from scoped_images.bases.refresh_marks import DEFAULT_MARKS, RefreshMarks
from scoped_images.cdk.annotations import annotate_warning
from scoped_images.cdk.arguments import expect_prefix
from scoped_images.cdk.bases.base_images import BaseImages, WorkloadBases
from scoped_images.cdk.builds.builder import ImageBuilder
from scoped_images.cdk.builds.dockerfile_context import dockerfile_context
from scoped_images.cdk.checked import checked
from scoped_images.cdk.environment import Environment
from scoped_images.cdk.images.scoped_image import ImageOptions, ScopedImage
from scoped_images.cdk.order.ordered_assets import ordered_assets_of
from scoped_images.cdk.place import path_of, stack_of
from scoped_images.cdk.repositories.addressed_repository import AddressedRepository
from scoped_images.cdk.repositories.environment_repository import environment_repository
from scoped_images.cdk.repositories.image_repository import ImageRepository
from scoped_images.cdk.stack_outputs import output_name
from scoped_images.context.control_files import DOCKERFILE
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.selection import MissingSourceError
from scoped_images.errors import ScopedImagesError
from scoped_images.image.build_options import BuildOptions
from scoped_images.platform import Platform
from scoped_images.pruning.retention import Retention
from scoped_images.upstream.images import UpstreamImages
from scoped_images.upstream.lock import DEFAULT_LOCK, ImagesLock
from scoped_images.workspace.workload import Workload

# These load when an environment asks for one, because their modules of aws_cdk take half a second.
if TYPE_CHECKING:
    from scoped_images.cdk.functions.image_pruner import ImagePruner
    from scoped_images.cdk.remote.builder import RemoteBuilder


class WorkspaceImages:
    """Builds the images of a repository's packages, functions and services for one environment.

        images = WorkspaceImages(app, environment, prefix="shop-dev")
        image = images.image(stack, "UploadImage", "lambdas/upload")

    It adds these stacks to the app; a base's stack waits for the repositories and for the bases it is built from:

    - `<prefix>-repositories`: a repository for each base and each image, `<name>-<environment>`;
    - `<prefix>-builder`: with `builder: remote` in the environment, a RemoteBuilder;
    - `<prefix>-base-<name>`: one for each shared package that an image needs;
    - `<prefix>-pruner`: with `pruning` in the environment, an ImagePruner of all these repositories.

    stacks: the stacks of this list that it made.
    bases, builder, pruner: made or given; builder and pruner may be None.
    """

    @checked(DerivationOptions, to=BaseImages.from_workspace)
    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        *,
        prefix: str,
        root: str | Path = ".",
        platforms: Sequence[Platform] = (),
        base_dockerfile: str | Path | None = None,
        bases: BaseImages | None = None,
        repositories: Stack | None = None,
        options: BuildOptions | None = None,
        builder: ImageBuilder | None = None,
        pruner: ImagePruner | None = None,
        **derivation: Unpack[DerivationOptions],
    ) -> None:
        """Add the stacks to `scope`, an app or a stage.

        prefix: of the stacks' names; include the environment.
        root: the repository. Pins are read from `dockerfiles/images.lock` in it, and marks of `static` bases from
            `dockerfiles/bases.lock`.
        platforms: of the derived bases; by default the environment's.
        base_dockerfile: of the derived bases. Defaults to the library's own.
        bases: in place of those derived from the packages.
        repositories: the stack to put repositories into, in place of `<prefix>-repositories`.
        options: of every build that is given none of its own. Its `upstream` takes the place of the lock file's pins
            and the environment's mirrors, in every build.
        builder, pruner: in place of what the environment asks for.
        The other arguments are those of BaseGraph.from_workspace, which derives the bases.
        """
        expect_prefix(prefix)
        given = {"platforms": platforms != (), "base_dockerfile": base_dockerfile is not None}
        useless = [*derivation, *(name for name, is_given in given.items() if is_given)]
        if bases and useless:
            raise ScopedImagesError(
                f"bases: the base images are made already, got {useless[0]}= too; pass it to what makes them"
            )
        self.environment, self.root = environment, Path(root)
        self._upstream = (
            options.upstream
            if options and options.upstream.in_use
            else UpstreamImages(
                lock=ImagesLock.read(self.root / DEFAULT_LOCK), mirrors=environment.mirrors or {}
            )
        )
        self._options = self._with_pins(options or BuildOptions())
        self.repositories = repositories or Stack(scope, f"{prefix}-repositories", env=environment.place)
        why = "only OrderedAssets has the CLI build an image after its repository and its base images exist"
        ordered_assets_of(self.repositories, why=why)
        self.stacks: list[Stack] = [] if repositories else [self.repositories]
        self.builder = self._remote_builder(scope, prefix) if builder is None else builder
        self.bases = bases or BaseImages.from_workspace(
            scope,
            environment,
            root=root,
            prefix=prefix,
            platforms=platforms,
            dockerfile=base_dockerfile,
            repositories=self.repositories,
            refresh_marks=RefreshMarks.read(self.root / DEFAULT_MARKS),
            options=self._options,
            builder=self.builder,
            **derivation,
        )
        self.stacks += [] if bases else self.bases.stacks
        self._repositories: dict[str, ImageRepository] = {}
        # The folders of workloads by the names of their repositories.
        self._folders: dict[str, Path] = {}
        self._images: list[tuple[str, ScopedImage]] = []
        self._scope, self._prefix = scope, prefix
        self.pruner = pruner
        self._prune(self.bases.repositories, holds_bases=True)

    @checked(ImageOptions, to=ScopedImage.__init__)
    def image(
        self,
        scope: Construct,
        construct_id: str,
        workload: str | Path,
        *,
        dockerfile: str | Path | None = None,
        context: ScopedContext | Callable[[Platform], ScopedContext] | None = None,
        pin_digest: bool = True,
        **image: Unpack[ImageOptions],
    ) -> ScopedImage:
        """Build the image of a function or service in the stack of `scope`.

        workload: a package of the workspace, by name or folder, or any other folder with a Dockerfile.
        dockerfile: relative to the repository. Defaults to `Dockerfile` in the workload's folder.
        context: defaults to the files of the workload's folder that the Dockerfile reads.
        platform: defaults to the environment's.
        repository: defaults to one of the image's own, `<workload>-<environment>`.
        base, named_bases: either replaces all bases of the packages that the workload depends on.
        options: in place of the workspace's. Without `upstream`, its pins and mirrors stay.
        pin_digest: False to refer to the image by its tag, which `cdk deploy --hotswap` needs.
        The other arguments are those of ScopedImage.
        """
        given = image.get("options")
        options = self._with_pins(given) if given else self._options
        found = Workload.find(self.root, workload, self.bases.graph.workspace)
        derives_base = image.get("base") is None and image.get("named_bases") is None
        if derives_base:
            known = self.bases.graph.workspace is not None
            bases = self.bases.of(found.folder) if known else WorkloadBases(base=None)
            image |= {"base": bases.base, "named_bases": bases.named_bases}
        if not image.get("platforms") and image.get("platform") is None:
            image["platform"] = self.environment.platform
        if image.get("repository") is None:
            image["repository"] = self._repository_of(found)
        if image.get("builder") is None:
            image["builder"] = self.builder
        image["options"] = options
        made = ScopedImage(
            scope,
            construct_id,
            context=self._context(found, dockerfile, options) if context is None else context,
            pin_digest=pin_digest,
            **image,
        )
        self._images.append((output_name(found.name), made))
        if derives_base:
            self._warn_of_missing_requirements(made, found)
        return made

    @checked()
    def add_outputs(self, *, parameters: str | None = None) -> None:
        """Add the outputs of every repository and image made so far; their names begin with the workload's.

        An image that has outputs already keeps those only: `image.add_outputs(name=…)` chooses other names.
        parameters: as those of StackOutputs.
        """
        without = [(name, image) for name, image in self._images if not image.has_outputs]
        others: dict[tuple[str, str], ScopedImage] = {}
        for name, image in without:
            other = others.setdefault((path_of(stack_of(image)), name), image)
            if other is not image:
                raise ScopedImagesError(
                    f"outputs: {path_of(other)!r} and {path_of(image)!r} are images of one workload, got {name!r} for "
                    "both; call image.add_outputs(name=…) of one of them first"
                )
        for name, repository in self._repositories.items():
            repository.add_outputs(name=output_name(name), parameters=parameters)
        for name, image in without:
            image.add_outputs(name=name, parameters=parameters)

    @checked()
    def repository(self, name: str) -> ImageRepository:
        """Return the repository `<name>-<environment>`, and make it at the first call."""
        if not name:
            raise ScopedImagesError(
                f"name: must be the first part of a repository's name, got {name!r}; use a name such as 'upload'"
            )
        if name not in self._repositories:
            self._repositories[name] = environment_repository(self.repositories, name, self.environment)
            self._prune([self._repositories[name]], holds_bases=False)
        return self._repositories[name]

    def _repository_of(self, workload: Workload) -> ImageRepository:
        other = self._folders.setdefault(workload.name, workload.folder)
        if other != workload.folder:
            raise ScopedImagesError(
                f"workload: {workload.name!r} is also the name of {self._relative(other)}, got "
                f"{self._relative(workload.folder)}; pass repository="
            )
        return self.repository(workload.name)

    def _relative(self, folder: Path) -> str:
        return Path(os.path.relpath(folder, self.root.resolve())).as_posix()

    def _with_pins(self, options: BuildOptions) -> BuildOptions:
        upstream = options.upstream if options.upstream.in_use else self._upstream
        return self.environment.build_options(replace(options, upstream=upstream))

    def _context(
        self, workload: Workload, dockerfile: str | Path | None, options: BuildOptions
    ) -> Callable[[Platform], ScopedContext]:
        path = DOCKERFILE if dockerfile is None else self.root.resolve() / dockerfile
        of_folder = dockerfile_context(workload.folder, path, options)

        def context(platform: Platform) -> ScopedContext:
            try:
                return of_folder(platform)
            except MissingSourceError as error:
                if not os.path.lexists(self.root / error.path):
                    raise
                written = self._relative(workload.folder / path)
                raise ScopedImagesError(
                    f"context: {error.source} must be below {self._relative(workload.folder)}, got {error.path!r} in the "
                    "repository; write the path from that folder, or pass "
                    f"context=lambda platform: ScopedContext.from_dockerfile({str(self.root)!r}, {written!r}, "
                    "platform=platform)"
                ) from None

        return context

    def _warn_of_missing_requirements(self, image: ScopedImage, workload: Workload) -> None:
        steps = image.specs[0].steps
        # RUN may install them, COPY --from may bring them, and another frontend may do either unseen.
        if steps is None or steps.worth_caching or any(step.has_flag("from") for step in steps.every):
            return
        missing = self.bases.graph.missing_from(workload.folder)
        if missing:
            annotate_warning(
                image,
                "requirements",
                f"workload {workload.name!r} requires {', '.join(missing)}, which neither its bases nor its Dockerfile "
                "installs; pass workload_bases=True, or install them in the Dockerfile",
            )

    def _remote_builder(self, scope: Construct, prefix: str) -> RemoteBuilder | None:
        if not self.environment.builds_remotely:
            return None
        from scoped_images.cdk.remote.builder import RemoteBuilder  # noqa: PLC0415

        stack = Stack(scope, f"{prefix}-builder", env=self.environment.place)
        self.stacks.append(stack)
        return RemoteBuilder(stack, "Builder", environment_name=self.environment.name)

    def _prune(self, repositories: Sequence[AddressedRepository], *, holds_bases: bool) -> None:
        names, env = [repository.address.name for repository in repositories], self.environment
        if self.pruner is not None:
            for name in names:
                self.pruner.add_repository(name, holds_bases=holds_bases)
        elif env.pruning and names:
            from scoped_images.cdk.functions.image_pruner import ImagePruner  # noqa: PLC0415

            stack = Stack(self._scope, f"{self._prefix}-pruner", env=env.place)
            self.stacks.append(stack)
            self.pruner = ImagePruner(
                stack,
                "Pruner",
                environment_name=env.name,
                repositories=names,
                bases=names if holds_bases else [],
                retention=Retention(max_images=env.max_images, untagged_days=env.untagged_days),
                delete=env.pruning == "delete",
            )
