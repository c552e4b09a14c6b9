"""The build stages of a Dockerfile and how they refer to each other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from scoped_images.dockerfile.expansion import ExpansionError, expand
from scoped_images.dockerfile.parse import Instruction, ParsedDockerfile
from scoped_images.dockerfile.sources import BuildOptions, unknown_value_message
from scoped_images.dockerfile.variables import Unknown, UnknownVariableError, Value, Variables
from scoped_images.errors import ScopedImagesError

_STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One FROM and what follows it.

    name: in lower case, or empty. base: the expanded image or stage name, or None where nobody can know it.
    parent: index of the stage that it is built FROM, if it is one.
    """

    index: int
    name: str
    base: str | None
    parent: int | None
    line: int
    instructions: tuple[Instruction, ...]

    def __str__(self) -> str:
        return self.name or str(self.index)


def global_variables(
    parsed: ParsedDockerfile, options: BuildOptions, automatic: Mapping[str, Value]
) -> Variables:
    """Return the variables of the ARGs before the first FROM, with the automatic platform arguments."""
    variables = Variables(
        {**automatic, **{k: _given(k, v) for k, v in options.build_args.items() if k in automatic}}
    )
    for instruction in parsed.instructions:
        if instruction.name == "FROM":
            break
        for word in instruction.words:
            variables = declare(parsed, instruction, word, variables, options=options)
    return variables


def declare(
    parsed: ParsedDockerfile,
    instruction: Instruction,
    word: str,
    variables: Variables,
    *,
    options: BuildOptions,
    outside: Variables | None = None,
) -> Variables:
    """Return the variables after one `NAME` or `NAME=default` of an ARG.

    outside: the global variables, for an ARG inside a stage.
    """
    name, has_default, default = word.partition("=")
    value: Value | None = None
    if name in options.build_args:
        value = _given(name, options.build_args[name])
    elif has_default:
        value = evaluate(parsed, instruction, default, variables)
    elif outside is not None:
        value = outside.values.get(name)
    return variables.having({} if value is None else {name: value}, declared=name)


def evaluate(parsed: ParsedDockerfile, instruction: Instruction, word: str, variables: Variables) -> Value:
    """Expand a word whose variables may be unknown for as long as no source depends on it."""
    try:
        return expand(word, variables, escape=parsed.escape)
    except UnknownVariableError as error:
        return Unknown(error.name)
    except ExpansionError as error:
        raise parsed.error(instruction.line, f"{instruction.name}: {error}") from None


def read_stages(
    parsed: ParsedDockerfile, variables: Variables, options: BuildOptions, *, allow_unknown: bool = False
) -> tuple[Stage, ...]:
    """Split the instructions into stages; raises ScopedImagesError.

    allow_unknown: whether any stage may be FROM what nobody can know; else the first alone.
    """
    starts = [index for index, item in enumerate(parsed.instructions) if item.name == "FROM"]
    if not starts:
        raise ScopedImagesError(f"{parsed.name}: has no FROM; a Dockerfile needs at least one")
    for instruction in parsed.instructions[: starts[0]]:
        if instruction.name != "ARG":
            raise parsed.error(
                instruction.line, f"{instruction.name} stands before the first FROM, where only ARG may"
            )
    stages: list[Stage] = []
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        instruction = parsed.instructions[start]
        name = _stage_name(parsed, instruction)
        base = evaluate(parsed, instruction, instruction.words[0], variables)
        if isinstance(base, Unknown) and not allow_unknown and (stages or options.build_contexts):
            # It may be the name of an earlier stage, and then what that stage reads counts.
            raise parsed.error(instruction.line, unknown_value_message(parsed, "FROM", base.name))
        stages.append(
            Stage(
                index=len(stages),
                name=name,
                base=None if isinstance(base, Unknown) else base,
                parent=next((s.index for s in reversed(stages) if s.name and s.name == base), None),
                line=instruction.line,
                instructions=parsed.instructions[start + 1 : end],
            )
        )
    return tuple(stages)


def find_target(parsed: ParsedDockerfile, stages: tuple[Stage, ...], target: str | None) -> Stage:
    """Return the stage to build."""
    if target is None:
        return stages[-1]
    found = find_stage(stages, target)
    if found is None:
        names = ", ".join(repr(stage.name) for stage in stages if stage.name) or "none with a name"
        raise ScopedImagesError(
            f"{parsed.name}: the target {target!r} is no stage in it; its stages are {names}"
        )
    return found


def find_stage(stages: tuple[Stage, ...], name: str) -> Stage | None:
    """Return the last stage of a name, in whatever case: that is the one `--from` and `--target` mean."""
    return next((stage for stage in reversed(stages) if stage.name and stage.name == name.lower()), None)


def _given(name: str, value: str | None) -> Value:
    return Unknown(name) if value is None else value


def _stage_name(parsed: ParsedDockerfile, instruction: Instruction) -> str:
    match instruction.words:
        case [_]:
            return ""
        case [_, keyword, name] if keyword.lower() == "as":
            if _STAGE_NAME.fullmatch(name.lower()):
                return name.lower()
            raise parsed.error(
                instruction.line,
                f"{name!r} is no name for a stage: it starts with a letter, then letters, digits, -_.",
            )
    raise parsed.error(instruction.line, "FROM takes an image, or an image and `AS` with a name")
