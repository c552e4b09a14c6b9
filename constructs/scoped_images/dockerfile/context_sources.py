"""Follows a Dockerfile as BuildKit does, to find what one target reads of the build context.

https://github.com/moby/buildkit/blob/v0.25.1/frontend/dockerfile/dockerfile2llb/convert.go
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from scoped_images.dockerfile.copy_sources import check_copy, context_path, copy_sources
from scoped_images.dockerfile.expansion import ExpansionError, expand
from scoped_images.dockerfile.mount_sources import mount_sources, read_mounts
from scoped_images.dockerfile.parse import Instruction, ParsedDockerfile, parse_dockerfile
from scoped_images.dockerfile.platform_variables import platform_variables
from scoped_images.dockerfile.sources import (
    BuildOptions,
    ContextSources,
    Source,
    named_context,
    unknown_value_message,
)
from scoped_images.dockerfile.stages import (
    Stage,
    declare,
    evaluate,
    find_stage,
    find_target,
    global_variables,
    read_stages,
)
from scoped_images.dockerfile.variables import Unknown, UnknownVariableError, Value, Variables

# BuildKit sets it where the base image does not (system.DefaultPathEnvUnix).
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def context_sources(
    text: bytes | str,
    *,
    name: str = "Dockerfile",
    target: str | None = None,
    build_args: Mapping[str, str | None] = MappingProxyType({}),
    platform: str = "linux/amd64",
    build_platform: str | None = None,
    build_contexts: Collection[str] = (),
    include: Sequence[str] = (),
) -> ContextSources:
    """Return what the instructions that `target` needs read of the main build context.

    name: of the Dockerfile, for messages. The other arguments are those of BuildOptions.

    Raises ScopedImagesError for a malformed Dockerfile, an unknown target, and a source that depends on a variable
    without a value. ONBUILD instructions of base images outside the Dockerfile are not seen.
    """
    options = BuildOptions(
        target=target,
        build_args=build_args,
        platform=platform,
        build_platform=build_platform,
        build_contexts=build_contexts,
        include=include,
    )
    parsed = parse_dockerfile(text, name=name)
    last = next((item for item in reversed(parsed.instructions) if item.name == "FROM"), None)
    last_name = last.words[-1].lower() if last and len(last.words) == 3 else ""
    automatic = platform_variables(
        platform=platform, build_platform=build_platform, target=target or last_name or "default"
    )
    outside = global_variables(parsed, options, automatic)
    stages = read_stages(parsed, outside, options)
    reader = _Reader(parsed, options, outside, stages)
    reader.visit(find_target(parsed, stages, target))
    return ContextSources(
        dockerfile=name,
        sources=(*sorted(reader.sources, key=lambda source: source.line), *_included(include)),
        named_contexts=tuple(sorted(reader.named_contexts)),
        warnings=(*_syntax_warnings(parsed), *reader.warnings),
    )


@dataclass(frozen=True)
class _End:
    """What a stage hands on to a stage that is built FROM it.

    environment: what ENV set, which a stage FROM it sees again even where an ARG came between.
    """

    variables: Variables
    environment: Mapping[str, Value]


@dataclass
class _Reader:
    parsed: ParsedDockerfile
    options: BuildOptions
    outside: Variables
    stages: tuple[Stage, ...]
    sources: list[Source] = field(default_factory=list)
    named_contexts: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    _ends: dict[int, _End | None] = field(default_factory=dict)

    def visit(self, stage: Stage) -> _End:
        """Read a stage, and before it those that it needs, once each."""
        if stage.index in self._ends:
            end = self._ends[stage.index]
            if end is None:
                raise self.parsed.error(stage.line, f"the stage {str(stage)!r} needs itself")
            return end
        self._ends[stage.index] = None
        end = self._read(stage)
        self._ends[stage.index] = end
        return end

    def _read(self, stage: Stage) -> _End:
        if stage.name and self._uses_context(stage.name):
            return _End(Variables(inherits=True), {})
        triggers: list[Instruction] = []
        if stage.parent is not None:
            parent = self.stages[stage.parent]
            end = self.visit(parent)
            triggers = [item.trigger for item in parent.instructions if item.trigger is not None]
        elif stage.base == "scratch":
            end = _End(Variables(), {"PATH": _DEFAULT_PATH})
        else:
            if stage.base is not None:
                self._uses_context(stage.base)
            end = _End(Variables(inherits=True), {})
        scope = _Scope(self, stage, end.variables.having(end.environment), dict(end.environment))
        for instruction in (*triggers, *stage.instructions):
            scope.run(instruction)
        return _End(scope.variables, scope.environment)

    def need(self, stage: Stage, origin: str, line: int, *, by_number: bool) -> None:
        """Follow a `--from`: to a stage, a named context, or an image, of which there is nothing to read."""
        found = find_stage(self.stages, origin)
        if by_number and origin.isdecimal():
            if int(origin) >= len(self.stages):
                raise self.parsed.error(
                    line, f"--from={origin} is no stage; there are {len(self.stages)}, from 0"
                )
            found = self.stages[int(origin)]
        if found is None:
            self._uses_context(origin)
        elif found.index >= stage.index:
            raise self.parsed.error(
                line, f"--from={origin} is a stage that does not come before; move the stage {origin!r} up"
            )
        else:
            self.visit(found)

    def _uses_context(self, image: str) -> bool:
        context = named_context(image, self.options)
        if context is not None:
            self.named_contexts.add(context)
        return context is not None


@dataclass
class _Scope:
    """The variables of one stage while its instructions are read."""

    reader: _Reader
    stage: Stage
    variables: Variables
    environment: dict[str, Value]

    def run(self, instruction: Instruction) -> None:
        """Read one instruction."""
        reader = self.reader
        match instruction.name:
            case "ARG":
                for word in instruction.words:
                    self.variables = declare(
                        reader.parsed,
                        instruction,
                        word,
                        self.variables,
                        options=reader.options,
                        outside=reader.outside,
                    )
            case "ENV":
                self._set_environment(instruction)
            case "COPY" | "ADD":
                self._copy(instruction)
            case "RUN":
                self._run(instruction)

    def _set_environment(self, instruction: Instruction) -> None:
        values: dict[str, Value] = {}
        for key, word in zip(instruction.words[::2], instruction.words[1::2], strict=False):
            name = self._evaluate(instruction, key)
            if not isinstance(name, Unknown):
                values[name] = self._evaluate(instruction, word)
        self.environment |= values
        self.variables = self.variables.having(values)

    def _evaluate(self, instruction: Instruction, word: str) -> Value:
        return evaluate(self.reader.parsed, instruction, word, self.variables)

    def _copy(self, instruction: Instruction) -> None:
        parsed = self.reader.parsed
        check_copy(parsed, instruction)
        origin = instruction.flag_value("from")
        if "$" in origin:
            raise parsed.error(
                instruction.line,
                f"COPY --from={origin} takes no variable; name a stage FROM it with an ARG before the first FROM",
            )
        if origin:
            self.reader.need(self.stage, origin, instruction.line, by_number=True)
            return
        self.reader.sources += copy_sources(parsed, instruction, partial(self._expand, instruction))

    def _run(self, instruction: Instruction) -> None:
        parsed = self.reader.parsed
        for mount in read_mounts(parsed, instruction):
            if mount.origin:
                self.reader.need(self.stage, mount.origin, instruction.line, by_number=False)
            else:
                expand_word = partial(self._expand, instruction)
                self.reader.sources += mount_sources(parsed, instruction, mount, expand_word)

    def _expand(self, instruction: Instruction, word: str) -> str | None:
        parsed = self.reader.parsed
        try:
            return expand(word, self.variables, escape=parsed.escape)
        except ExpansionError as error:
            raise parsed.error(instruction.line, f"{instruction.name}: {error}") from None
        except UnknownVariableError as error:
            message = unknown_value_message(parsed, f"{instruction.name} source {word!r}", error.name)
            if not self.reader.options.include:
                raise parsed.error(instruction.line, message) from None
            self.reader.warnings.append(f"{parsed.name}:{instruction.line}: {message}")
            return None


def _included(include: Sequence[str]) -> list[Source]:
    return [Source(path=context_path(path), line=0, instruction="include", written=path) for path in include]


def _syntax_warnings(parsed: ParsedDockerfile) -> list[str]:
    """Warn of a frontend that may not be BuildKit's own."""
    if not parsed.syntax or "docker/dockerfile" in parsed.syntax:
        return []
    return [f"{parsed.name}: `# syntax={parsed.syntax}` is not docker/dockerfile; what it reads may differ"]
