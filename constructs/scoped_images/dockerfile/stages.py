"""The stages of a Dockerfile and how they refer to each other."""

from __future__ import annotations

from dataclasses import dataclass

from scoped_images.dockerfile.evaluation import Evaluation
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.variables import Value
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


def read_stages(evaluation: Evaluation) -> tuple[Stage, ...]:
    """Split the instructions into stages; raises ScopedImagesError."""
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
        base = _base(evaluation, instruction)
        context = _context(evaluation, instruction, name)
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


def _base(evaluation: Evaluation, instruction: Instruction) -> Value:
    base = evaluation.value(instruction, instruction.words[0], evaluation.outside)
    if base == "":
        raise evaluation.parsed.error(
            instruction.line,
            f"FROM takes an image, and {instruction.words[0]!r} is empty; give its ARG a value",
        )
    platform = instruction.flag_value("platform")
    if platform and evaluation.value(instruction, platform, evaluation.outside) == "":
        raise evaluation.parsed.error(
            instruction.line, f"FROM --platform={platform} is empty; give its ARG a value"
        )
    return base


def _context(evaluation: Evaluation, instruction: Instruction, name: str) -> str | None:
    try:
        return evaluation.options.context_for(name) if name else None
    except ScopedImagesError as error:
        # BuildKit looks for a build context of each stage's name, and fails in the same way.
        raise evaluation.parsed.error(
            instruction.line, f"the name of the stage is invalid: {error}"
        ) from None
