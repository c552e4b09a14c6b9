"""Follows a Dockerfile as BuildKit does, to find what its stages read: of build contexts, images and secrets.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/dockerfile2llb/convert.go
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scoped_images.dockerfile.evaluation import Evaluation
from scoped_images.dockerfile.findings import Findings, OutsideImage
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.mounts import mount_origins
from scoped_images.dockerfile.parse import ParsedDockerfile
from scoped_images.dockerfile.platform_variables import platform_variables
from scoped_images.dockerfile.sources import Source
from scoped_images.dockerfile.stage_scope import Scope
from scoped_images.dockerfile.stages import Stage, by_name, find_target, global_variables, read_stages
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.dockerfile.variables import Unknown, Variables
from scoped_images.ecr.image_name import ImageName
from scoped_images.errors import ScopedImagesError

# Go's strconv.Atoi.
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")


def read_target(parsed: ParsedDockerfile, options: TargetOptions) -> Findings:
    """Return what the target and the stages that it needs read; raises ScopedImagesError."""
    reader = _Reader.of(parsed, options)
    return reader.read([find_target(parsed, reader.stages, options.target)])


def read_every_stage(parsed: ParsedDockerfile, options: TargetOptions) -> Findings:
    """Return what all stages read, whether a target needs them or not; raises ScopedImagesError."""
    reader = _Reader.of(parsed, options)
    return reader.read(reader.stages)


def needed_stages(parsed: ParsedDockerfile, options: TargetOptions) -> list[Stage]:
    """Return the target, which is the last, and the stages that it needs; raises ScopedImagesError."""
    reader = _Reader.of(parsed, options)
    return reader.needed([find_target(parsed, reader.stages, options.target)])


@dataclass(frozen=True)
class _Origin:
    """A `from` of an instruction. by_number: whether a number means a stage."""

    line: int
    name: str
    by_number: bool


@dataclass
class _Reader:
    evaluation: Evaluation
    options: TargetOptions
    outside: Variables
    stages: tuple[Stage, ...]
    by_name: dict[str, Stage]
    findings: Findings

    @classmethod
    def of(cls, parsed: ParsedDockerfile, options: TargetOptions) -> _Reader:
        evaluation = Evaluation(parsed)
        last = next((item for item in reversed(parsed.instructions) if item.name == "FROM"), None)
        last_name = last.words[-1].lower() if last and len(last.words) == 3 else ""
        automatic = platform_variables(
            platform=options.platform,
            target=options.target or last_name or "default",
        )
        outside = global_variables(evaluation, options, automatic)
        stages = read_stages(evaluation, outside, options)
        names = by_name(stages)
        return cls(evaluation, options, outside, stages, names, Findings(stage_names=frozenset(names)))

    def read(self, targets: Iterable[Stage]) -> Findings:
        """Read the targets and all that they need, each stage after those that it needs."""
        root = Scope(self.evaluation, self.options, self.findings, self.outside, Variables(), {})
        scopes: dict[int, Scope] = {}
        needed = self.needed(targets)
        bases = {stage.index for stage in targets} | {stage.parent for stage in needed}
        for stage in needed:
            if stage.context is not None and stage.index in bases:
                self._read_whole(stage.context, stage)
            scope = scopes[stage.index] = self._scope(stage, root, scopes)
            for origin in self._origins(stage):
                found = self._stage(stage, origin)
                context = found.context if found else self._read_outside(origin.name, origin.line)
                if context is not None:
                    scope.contexts[origin.by_number, origin.name] = context
            for instruction in stage.steps:
                scope.read(instruction)
        return self.findings

    def needed(self, targets: Iterable[Stage]) -> list[Stage]:
        """Return the targets and all stages that they need, in the order of the file.

        A stage needs only earlier ones, so one pass from the last to the first finds them all.
        """
        needed = {stage.index for stage in targets}
        for stage in reversed(self.stages):
            if stage.index in needed:
                needed |= {
                    found.index for each in self._origins(stage) if (found := self._stage(stage, each))
                }
                if stage.parent is not None:
                    needed.add(stage.parent)
        return [stage for stage in self.stages if stage.index in needed]

    def _scope(self, stage: Stage, root: Scope, scopes: dict[int, Scope]) -> Scope:
        if stage.context is not None:
            return root.of_image()
        if stage.parent is not None:
            return scopes[stage.parent].of_child()
        if stage.base == "scratch":
            return root.of_scratch()
        if isinstance(stage.base, Unknown):
            self.findings.unknown_bases.append(stage)
        elif (context := self._read_outside(stage.base, stage.line)) is not None:
            self._read_whole(context, stage)
        return root.of_image()

    def _origins(self, stage: Stage) -> Iterator[_Origin]:
        for instruction in stage.steps:
            if instruction.name == "COPY" and (origin := instruction.flag_value("from")):
                self._refuse_variable(instruction, origin)
                yield _Origin(instruction.line, origin, by_number=True)
            elif instruction.name == "RUN":
                for name in mount_origins(instruction):
                    yield _Origin(instruction.line, name, by_number=False)

    def _refuse_variable(self, instruction: Instruction, origin: str) -> None:
        if self.evaluation.value(instruction, origin, Variables()) != origin:
            raise self._error(
                instruction.line,
                f"COPY --from={origin} takes no variable; name a stage FROM it with an ARG before the first FROM",
            )

    def _stage(self, stage: Stage, origin: _Origin) -> Stage | None:
        """Return the stage that an instruction of `stage` takes files from, or None for an image or a context."""
        if origin.by_number and _NUMBER.fullmatch(origin.name):
            number = int(origin.name)
            if not 0 <= number < len(self.stages):
                last = len(self.stages) - 1
                raise self._error(
                    origin.line,
                    f"--from: must be the number of a stage, got {origin.name}; the last is {last}",
                )
            found = self.stages[number]
        elif (named := self.by_name.get(origin.name.lower())) is not None:
            found = named
        else:
            return None
        if found.index >= stage.index:
            raise self._error(
                origin.line,
                f"--from: the stage {origin.name!r} does not come before this one; move it up",
            )
        return found

    def _read_whole(self, context: str, stage: Stage) -> None:
        """Note that a stage is built FROM a build context."""
        source = Source.whole(line=stage.line, instruction="FROM", written=str(stage.base))
        self.findings.named_sources.setdefault(context, []).append(source)

    def _read_outside(self, image: str, line: int) -> str | None:
        """Note an image, or return the build context that takes its place."""
        if image == "scratch":
            return None
        try:
            context = self.options.context_for(image)
            name = ImageName.parse(image).familiar
        except ScopedImagesError as error:
            raise self._error(line, str(error)) from None
        if context is None:
            self.findings.images.append(OutsideImage(name=name, line=line))
        return context

    def _error(self, line: int, message: str) -> ScopedImagesError:
        return self.evaluation.parsed.error(line, message)
