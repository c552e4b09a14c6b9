"""All base images of an app, one stack for each, in the order in which they are built from each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Unpack

from aws_cdk import Stack
from constructs import Construct

from scoped_images.bases.declaration import BaseDeclaration
from scoped_images.bases.derivation_options import DerivationOptions
from scoped_images.bases.graph import BaseGraph
from scoped_images.bases.refresh_marks import RefreshMarks
from scoped_images.cdk.annotations import annotate_warning
from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.arguments import expect_prefix
from scoped_images.cdk.bases.base_image import BaseImage
from scoped_images.cdk.builds.builder import ImageBuilder
from scoped_images.cdk.checked import checked
from scoped_images.cdk.environment import Environment
from scoped_images.cdk.repositories.environment_repository import environment_repository
from scoped_images.cdk.repositories.image_repository import ImageRepository
from scoped_images.errors import ScopedImagesError
from scoped_images.image.build_options import BuildOptions
from scoped_images.platform import Platform


@dataclass(frozen=True, kw_only=True)
class WorkloadBases:
    """The base images of a workload, as ScopedImage takes them."""

    base: BaseImage | str | None
    named_bases: Mapping[str, BaseImage | str] = field(default_factory=dict)


class BaseImages:
    """Base images, `bases[name]`, each in a stack `<prefix>-base-<name>` and a repository `base-<name>-<environment>`.

    stacks: those of the images, in the order in which they deploy.
    repositories: of the images, in the order of `stacks`.
    """

    @checked()
    def __init__(
        self,
        app: Construct,
        env: Environment,
        *,
        bases: BaseGraph | Iterable[BaseDeclaration],
        prefix: str,
        repositories: Stack | None = None,
        refresh_marks: RefreshMarks | None = None,
        options: BuildOptions | None = None,
        builder: ImageBuilder | None = None,
    ) -> None:
        """Add the stacks to `app`.

        prefix: of the stacks' names; include the environment.
        repositories: the stack to put the images' repositories into. Defaults to `<prefix>-base-repositories`.
        refresh_marks: with `base_tag: static`, what `scoped-images bases refresh` has written. Defaults to none.
        options: of every build; the build arguments, secrets and target of a declaration come first.
        builder: defaults to the machine that deploys.
        """
        expect_prefix(prefix)
        self.graph = bases if isinstance(bases, BaseGraph) else BaseGraph.of(bases)
        home = repositories or Stack(app, f"{prefix}-base-repositories", env=env.place)
        for warning in self.graph.warnings:
            annotate_warning(home, "workspace", warning)
        workspace = self.graph.workspace
        if workspace is not None and workspace.is_uv:
            # It names the packages.
            register_of(home).watched_files.append(workspace.root / "pyproject.toml")
        self.stacks: list[Stack] = [] if repositories else [home]
        self.repositories: list[ImageRepository] = []
        self._images: dict[str, BaseImage] = {}
        marks = refresh_marks or RefreshMarks()
        options = env.build_options(options or BuildOptions())
        for declared in self.graph.order():
            stack = Stack(app, f"{prefix}-base-{declared.name}", env=env.place)
            repository = environment_repository(home, f"base-{declared.name}", env)
            self._images[declared.name] = BaseImage(
                stack,
                "Image",
                repository=repository,
                context=declared.context,
                platforms=declared.platforms or (env.platform,),
                base=self._images[declared.base] if declared.base else None,
                named_bases={name: self._images[need] for name, need in declared.named_bases.items()},
                tag=env.base_tag,
                refresh_mark=marks.of(env.name, declared.name),
                options=replace(
                    options,
                    build_args={**options.build_args, **declared.build_args},
                    build_secrets=declared.build_secrets or options.build_secrets,
                    target=declared.target or options.target,
                ),
                builder=builder,
            )
            self.stacks.append(stack)
            self.repositories.append(repository)

    @classmethod
    @checked(DerivationOptions, to=BaseGraph.from_workspace)
    def from_workspace(
        cls,
        app: Construct,
        env: Environment,
        *,
        root: str | Path,
        prefix: str,
        platforms: Sequence[Platform] = (),
        dockerfile: str | Path | None = None,
        repositories: Stack | None = None,
        refresh_marks: RefreshMarks | None = None,
        options: BuildOptions | None = None,
        builder: ImageBuilder | None = None,
        **derivation: Unpack[DerivationOptions],
    ) -> BaseImages:
        """Derive one base for each package of the repository that a workload needs (docs/bases.md).

        root: the repository. platforms: of the derived bases; by default the environment's.
        prefix, repositories, refresh_marks, options, builder: as those of BaseImages.
        The other arguments are those of BaseGraph.from_workspace.
        """
        graph = BaseGraph.from_workspace(
            root, platforms=platforms or (env.platform,), dockerfile=dockerfile, **derivation
        )
        return cls(
            app,
            env,
            bases=graph,
            prefix=prefix,
            repositories=repositories,
            refresh_marks=refresh_marks,
            options=options,
            builder=builder,
        )

    @checked()
    def of(self, workload: str | Path) -> WorkloadBases:
        """Return the base images of a package of the workspace, by its name or folder."""
        first, *others = self.graph.needs_of(workload) or [None]
        return WorkloadBases(
            base=self._images[first] if first else None,
            named_bases={f"base-{name}": self._images[name] for name in others if name},
        )

    def __getitem__(self, name: str) -> BaseImage:
        """Return the base image of this name."""
        if name not in self._images:
            known = ", ".join(self._images) or "none"
            raise ScopedImagesError(f"bases: unknown base image, got {name!r}; known are {known}")
        return self._images[name]
