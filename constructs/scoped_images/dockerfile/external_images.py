"""Which images a Dockerfile's target stands on that are no stages of it: those of FROM, COPY --from and RUN --mount."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from scoped_images.dockerfile.mount_sources import read_mounts
from scoped_images.dockerfile.parse import Instruction, ParsedDockerfile, parse_dockerfile
from scoped_images.dockerfile.platform_variables import platform_variables
from scoped_images.dockerfile.sources import BuildOptions, named_context
from scoped_images.dockerfile.stages import Stage, find_stage, find_target, global_variables, read_stages
from scoped_images.ecr.image_name import ImageName
from scoped_images.errors import ScopedImagesError


@dataclass(frozen=True, kw_only=True)
class ExternalImages:
    """Images in the form that BuildKit looks build contexts up by, sorted.

    warnings: what could not be found out, and so is not among them.
    """

    images: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def external_images(
    content: bytes | str,
    *,
    name: str = "Dockerfile",
    target: str | None = None,
    build_args: Mapping[str, str | None] = MappingProxyType({}),
    platform: str = "linux/amd64",
    build_contexts: Collection[str] = (),
) -> ExternalImages:
    """Return the images that the stages use which `target` needs.

    name: of the Dockerfile, for messages. target: by default the last stage.
    build_args: a value of None stands for one that is only known at build time.
    build_contexts: names that mean something else already: further build contexts, and the base image of ours.

    An image whose name nobody can know is left out, with a warning. Images that are not asked for by name are not
    seen: the frontend of `# syntax=`, and what ONBUILD of an image outside the Dockerfile copies from.

    Raises ScopedImagesError for a malformed Dockerfile, an unknown target, and where PyPI's `dockerfile` is missing.
    """
    options = BuildOptions(
        target=target, build_args=build_args, platform=platform, build_contexts=build_contexts
    )
    walk = _Walk.begin(parse_dockerfile(content, name=name), options)
    walk.visit(find_target(walk.parsed, walk.stages, target))
    return walk.found()


def every_external_image(
    content: bytes | str,
    *,
    name: str,
    platforms: Iterable[str] = ("linux/amd64", "linux/arm64"),
    build_contexts: Collection[str] = (),
) -> ExternalImages:
    """Return the images that any stage uses on any of the platforms, with each ARG at its default."""
    images: set[str] = set()
    warnings: dict[str, None] = {}
    for platform in platforms:
        options = BuildOptions(target=None, build_args={}, platform=platform, build_contexts=build_contexts)
        walk = _Walk.begin(parse_dockerfile(content, name=name), options)
        for stage in walk.stages:
            walk.visit(stage)
        images.update(walk.found().images)
        warnings |= dict.fromkeys(walk.found().warnings)
    return ExternalImages(images=tuple(sorted(images)), warnings=tuple(warnings))


@dataclass
class _Walk:
    parsed: ParsedDockerfile
    options: BuildOptions
    stages: tuple[Stage, ...]
    images: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    @classmethod
    def begin(cls, parsed: ParsedDockerfile, options: BuildOptions) -> _Walk:
        automatic = platform_variables(platform=options.platform, target=options.target or "default")
        outside = global_variables(parsed, options, automatic)
        return cls(parsed, options, read_stages(parsed, outside, options, allow_unknown=True))

    def found(self) -> ExternalImages:
        return ExternalImages(images=tuple(sorted(self.images)), warnings=tuple(self.warnings))

    def visit(self, stage: Stage) -> None:
        """Read a stage, and those that it needs, once each."""
        if stage.index in self._seen:
            return
        self._seen.add(stage.index)
        # A build context of the stage's name takes its place, instructions and all.
        if stage.name and named_context(stage.name, self.options) is not None:
            return
        triggers: list[Instruction] = []
        if stage.parent is not None:
            parent = self.stages[stage.parent]
            self.visit(parent)
            triggers = [item.trigger for item in parent.instructions if item.trigger is not None]
        elif stage.base is None:
            self._warn(stage.line, "FROM depends on a variable without a value")
        else:
            self._add(stage.base, stage.line)
        for instruction in (*triggers, *stage.instructions):
            self._read(stage, instruction)

    def _read(self, stage: Stage, instruction: Instruction) -> None:
        if instruction.name == "COPY" and (origin := instruction.flag_value("from")):
            self._need(stage, origin, instruction.line, by_number=True)
        elif instruction.name == "RUN":
            for mount in read_mounts(self.parsed, instruction):
                if mount.origin:
                    self._need(stage, mount.origin, instruction.line, by_number=False)

    def _need(self, stage: Stage, origin: str, line: int, *, by_number: bool) -> None:
        found = find_stage(self.stages, origin)
        if by_number and origin.isdecimal():
            number = int(origin)
            found = self.stages[number] if number < len(self.stages) else None
        if found is not None:
            if found.index < stage.index:
                self.visit(found)
        elif "$" in origin:
            self._warn(line, f"{origin!r} takes no variable")
        elif not (by_number and origin.isdecimal()):
            self._add(origin, line)

    def _add(self, image: str, line: int) -> None:
        if image == "scratch" or named_context(image, self.options) is not None:
            return
        try:
            name = ImageName.parse(image).familiar
        except ScopedImagesError as error:
            raise self.parsed.error(line, str(error)) from None
        if find_stage(self.stages, name) is not None:
            # As a build context it would take the place of the stage of that name.
            self._warn(line, f"{name!r} is the name of an image and of a stage; rename the stage to have it")
            return
        self.images.add(name)

    def _warn(self, line: int, problem: str) -> None:
        self.warnings.append(
            f"{self.parsed.name}:{line}: {problem}; the image is neither pinned nor mirrored"
        )
