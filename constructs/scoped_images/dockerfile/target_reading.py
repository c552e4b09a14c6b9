"""Follows a Dockerfile as BuildKit does, to find what its stages read: of build contexts, images and secrets.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/dockerfile2llb/convert.go
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scoped_images.dockerfile.evaluation import Evaluation
from scoped_images.dockerfile.findings import Findings
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.mounts import mount_origins
from scoped_images.dockerfile.parse import ParsedDockerfile
from scoped_images.dockerfile.sources import Source
from scoped_images.dockerfile.stage_scope import Scope
from scoped_images.dockerfile.stages import Stage, read_stages
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.dockerfile.variables import Unknown, Variables
from scoped_images.ecr.image_name import ImageName
from scoped_images.errors import ScopedImagesError

# Go's strconv.Atoi.
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
# BuildKit sets it where the base image does not (system.DefaultPathEnvUnix).
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def read_target(parsed: ParsedDockerfile, options: TargetOptions) -> Findings:
    """Return what the target and the stages that it needs read; raises ScopedImagesError."""
    reader = _Reader(parsed, options)
    return reader.read([reader.target()])


def read_every_stage(parsed: ParsedDockerfile, options: TargetOptions) -> Findings:
    """Return what all stages read, whether a target needs them or not; raises ScopedImagesError."""
    reader = _Reader(parsed, options)
    return reader.read(reader.stages)


def needed_stages(parsed: ParsedDockerfile, options: TargetOptions) -> list[Stage]:
    """Return the target, which is the last, and the stages that it needs; raises ScopedImagesError."""
    reader = _Reader(parsed, options)
    return reader.needed([reader.target()])


@dataclass(frozen=True)
class _Origin:
    """A `from` of an instruction. by_number: whether a number means a stage."""

    line: int
    name: str
    by_number: bool


class _Reader:
    """Follows the stages of one Dockerfile.

    by_name: the last stage of each name: that is the one that `--from` and `--target` mean, in whatever case.
    """

    def __init__(self, parsed: ParsedDockerfile, options: TargetOptions) -> None:
        self.evaluation = Evaluation(parsed, options)
        self.stages = read_stages(self.evaluation)
        self.by_name = {stage.name: stage for stage in self.stages if stage.name}
        self.findings = Findings(stage_names=frozenset(self.by_name))

    def target(self) -> Stage:
        """Return the stage to build; raises ScopedImagesError."""
        target = self.evaluation.options.target
        if target is None:
            return self.stages[-1]
        found = self.by_name.get(target.lower())
        if found is None:
            names = ", ".join(repr(stage.name) for stage in self.stages if stage.name)
            hint = f"its stages are {names}" if names else "none of its stages has a name"
            dockerfile = self.evaluation.parsed.name
            raise ScopedImagesError(f"target: {dockerfile} has no such stage, got {target!r}; {hint}")
        return found

    def read(self, targets: Sequence[Stage]) -> Findings:
        """Read the targets and all that they need, each stage after those that it needs."""
        scopes: dict[int, Scope] = {}
        needed = self.needed(targets)
        bases = {stage.index for stage in targets} | {stage.parent for stage in needed}
        for stage in needed:
            if stage.context is not None:
                self.findings.contexts.add(stage.context)
                if stage.index in bases:
                    self._read_whole(stage.context, stage)
            scope = scopes[stage.index] = self._scope(stage, scopes)
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

    def _scope(self, stage: Stage, scopes: Mapping[int, Scope]) -> Scope:
        """Return what a stage knows before its first step."""
        contexts: dict[tuple[bool, str], str] = {}
        if stage.context is None and stage.parent is None:
            self._read_base(stage)
        for origin in self._origins(stage):
            found = self._stage(stage, origin)
            context = found.context if found else self._read_outside(origin.name, origin.line)
            if context is not None:
                contexts[origin.by_number, origin.name] = context
        scope = Scope(self.evaluation, self.findings, contexts)
        if stage.parent is not None:
            parent = scopes[stage.parent]
            scope.environment = {**parent.environment}
            scope.variables = parent.variables.with_values(parent.environment)
        elif stage.context is None and stage.base == "scratch":
            scope.environment = {"PATH": _DEFAULT_PATH}
            scope.variables = Variables({"PATH": _DEFAULT_PATH})
        return scope

    def _read_base(self, stage: Stage) -> None:
        if isinstance(stage.base, Unknown):
            self.findings.unknown_bases.append(stage)
        elif (context := self._read_outside(stage.base, stage.line)) is not None:
            self._read_whole(context, stage)

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
            context = self.evaluation.options.context_for(image)
            name = ImageName.parse(image).familiar
        except ScopedImagesError as error:
            raise self._error(line, str(error)) from None
        if context is None:
            self.findings.images.append((line, name))
        else:
            self.findings.contexts.add(context)
        return context

    def _error(self, line: int, message: str) -> ScopedImagesError:
        return self.evaluation.parsed.error(line, message)
