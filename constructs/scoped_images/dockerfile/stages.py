"""The stages of a Dockerfile and how they refer to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scoped_images.dockerfile.evaluation import Evaluation
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.parse import ParsedDockerfile
from scoped_images.dockerfile.target_options import TargetOptions
from scoped_images.dockerfile.variables import Unknown, Value, Variables
from scoped_images.errors import ScopedImagesError


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One FROM and what follows it.

    name: in lower case, or empty. base: the image or stage that it is built FROM.
    parent: index of the stage that it is built FROM, if it is one.
    context: the build context that takes its place, instructions and all, if one does.
    triggers: what ONBUILD of the parent adds before its own instructions.
    """

    index: int
    name: str
    base: Value
    parent: int | None
    context: str | None
    line: int
    triggers: tuple[Instruction, ...]
    instructions: tuple[Instruction, ...]

    @property
    def steps(self) -> tuple[Instruction, ...]:
        """All instructions that building it runs."""
        return () if self.context is not None else (*self.triggers, *self.instructions)


def global_variables(
    evaluation: Evaluation, options: TargetOptions, automatic: Mapping[str, Value]
) -> Variables:
    """Return the variables of the ARGs before the first FROM, with the automatic platform arguments."""
    given = {name: _given(name, value) for name, value in options.build_args.items() if name in automatic}
    variables = Variables({**automatic, **given})
    for instruction in evaluation.parsed.instructions:
        if instruction.name == "FROM":
            break
        declare(evaluation, instruction, variables, options)
    return variables


def declare(
    evaluation: Evaluation,
    instruction: Instruction,
    variables: Variables,
    options: TargetOptions,
    outside: Variables | None = None,
) -> None:
    """Declare each `NAME` or `NAME=default` of an ARG.

    outside: the global variables, for an ARG inside a stage.
    """
    for word in instruction.words:
        name, has_default, default = word.partition("=")
        value: Value | None = None
        if name in options.build_args:
            value = _given(name, options.build_args[name])
        elif has_default:
            value = evaluation.value(instruction, default, variables)
        elif outside is not None:
            value = outside.values.get(name)
        variables.declared.add(name)
        if value is not None:
            variables.values[name] = value


def read_stages(evaluation: Evaluation, variables: Variables, options: TargetOptions) -> tuple[Stage, ...]:
    """Split the instructions into stages; raises ScopedImagesError.

    variables: those that FROM sees.
    """
    parsed = evaluation.parsed
    starts = [index for index, item in enumerate(parsed.instructions) if item.name == "FROM"]
    if not starts:
        raise ScopedImagesError(f"{parsed.name}: has no FROM; a Dockerfile needs at least one")
    for instruction in parsed.instructions[: starts[0]]:
        if instruction.name != "ARG":
            raise parsed.error(
                instruction.line, f"{instruction.name} is before the first FROM, where only ARG may be"
            )
    stages: list[Stage] = []
    earlier: dict[str, Stage] = {}
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        instruction = parsed.instructions[start]
        name = instruction.words[2].lower() if len(instruction.words) == 3 else ""
        base = _base(evaluation, instruction, variables)
        context = _context(parsed, instruction, name, options)
        parent = earlier.get(base) if isinstance(base, str) and context is None else None
        triggers = parent.instructions if parent and parent.context is None else ()
        stage = Stage(
            index=len(stages),
            name=name,
            base=base,
            parent=parent.index if parent else None,
            context=context,
            line=instruction.line,
            triggers=tuple(item.trigger for item in triggers if item.trigger is not None),
            instructions=parsed.instructions[start + 1 : end],
        )
        stages.append(stage)
        if name:
            earlier[name] = stage
    return tuple(stages)


def find_target(parsed: ParsedDockerfile, stages: tuple[Stage, ...], target: str | None) -> Stage:
    """Return the stage to build; raises ScopedImagesError."""
    if target is None:
        return stages[-1]
    found = by_name(stages).get(target.lower())
    if found is None:
        names = ", ".join(repr(stage.name) for stage in stages if stage.name)
        hint = f"its stages are {names}" if names else "none of its stages has a name"
        raise ScopedImagesError(f"target: {parsed.name} has no such stage, got {target!r}; {hint}")
    return found


def by_name(stages: tuple[Stage, ...]) -> dict[str, Stage]:
    """Return the last stage of each name: that is the one that `--from` and `--target` mean, in whatever case."""
    return {stage.name: stage for stage in stages if stage.name}


def _given(name: str, value: str | None) -> Value:
    return Unknown(name) if value is None else value


def _base(evaluation: Evaluation, instruction: Instruction, variables: Variables) -> Value:
    base = evaluation.value(instruction, instruction.words[0], variables)
    if base == "":
        raise evaluation.parsed.error(
            instruction.line,
            f"FROM takes an image, and {instruction.words[0]!r} is empty; give its ARG a value",
        )
    platform = instruction.flag_value("platform")
    if platform and evaluation.value(instruction, platform, variables) == "":
        raise evaluation.parsed.error(
            instruction.line, f"FROM --platform={platform} is empty; give its ARG a value"
        )
    return base


def _context(
    parsed: ParsedDockerfile, instruction: Instruction, name: str, options: TargetOptions
) -> str | None:
    try:
        return options.context_for(name) if name else None
    except ScopedImagesError as error:
        # BuildKit looks for a build context of each stage's name, and fails in the same way.
        raise parsed.error(instruction.line, f"the name of the stage is invalid: {error}") from None
