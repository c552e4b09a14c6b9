"""Reads the instructions of one stage, one after the other, with the variables that each sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scoped_images.dockerfile.arguments import ArgumentError
from scoped_images.dockerfile.copy_sources import context_path, copy_sources
from scoped_images.dockerfile.evaluation import Evaluation, unknown_value_message
from scoped_images.dockerfile.findings import Findings, RequiredMount
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.mounts import Mount, read_mounts
from scoped_images.dockerfile.sources import Source
from scoped_images.dockerfile.variables import Unknown, Value, Variables

# BuildKit expands the words of these, and refuses malformed ones.
_EXPANDED = ("EXPOSE", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")


@dataclass
class Scope:
    """The variables of one stage.

    environment: what ENV set, which a stage FROM it sees again even where an ARG came between.
    contexts: the build contexts that instructions name with `from`, by that name and whether a number means a stage.
    """

    evaluation: Evaluation
    findings: Findings
    contexts: Mapping[tuple[bool, str], str]
    # A base image may set more of them.
    variables: Variables = field(default_factory=lambda: Variables(inherits=True))
    environment: dict[str, Value] = field(default_factory=dict)

    def read(self, instruction: Instruction) -> None:
        """Read one instruction; raises ScopedImagesError for what BuildKit would refuse."""
        try:
            self._read(instruction)
        except ArgumentError as error:
            raise self.evaluation.parsed.error(instruction.line, str(error)) from None

    def _read(self, instruction: Instruction) -> None:
        match instruction.name:
            case "ARG":
                self.evaluation.declare(instruction, self.variables)
            case "ENV":
                self._set_environment(instruction)
            case "COPY" | "ADD":
                self._copy(instruction)
            case "RUN":
                self._run(instruction)
            case name if name in _EXPANDED:
                for word in instruction.words:
                    self._evaluate(instruction, word)

    def _evaluate(self, instruction: Instruction, word: str) -> Value:
        return self.evaluation.value(instruction, word, self.variables)

    def _set_environment(self, instruction: Instruction) -> None:
        values: dict[str, Value] = {}
        for key, word in zip(instruction.words[::2], instruction.words[1::2], strict=True):
            name = self._evaluate(instruction, key)
            value = self._evaluate(instruction, word)
            if isinstance(name, str):
                values[name] = value
        self.environment |= values
        self.variables.values |= values

    def _copy(self, instruction: Instruction) -> None:
        for flag in ("checksum", "chmod", "chown"):
            self._evaluate(instruction, instruction.flag_value(flag))
        self._evaluate(instruction, instruction.words[-1])
        self.evaluation.refuse_malformed_heredocs(instruction, self.variables)
        origin = instruction.flag_value("from")
        context = self.contexts.get((True, origin))
        if origin and context is None:
            for word in instruction.words[:-1]:
                self._evaluate(instruction, word)
            return
        sources = copy_sources(instruction, lambda word: self._source(instruction, word, context))
        self._sources_of(context).extend(sources)

    def _sources_of(self, context: str | None) -> list[Source]:
        return (
            self.findings.sources if context is None else self.findings.named_sources.setdefault(context, [])
        )

    def _run(self, instruction: Instruction) -> None:
        for mount in read_mounts(instruction, lambda word: self._evaluate(instruction, word)):
            self._mount(instruction, mount)

    def _mount(self, instruction: Instruction, mount: Mount) -> None:
        if mount.required and mount.kind in ("secret", "ssh") and isinstance(mount.id, str):
            required = RequiredMount(kind=str(mount.kind), id=mount.id, line=instruction.line)
            self.findings.required_mounts.append(required)
        context = self.contexts.get((False, mount.origin))
        if mount.kind in ("secret", "ssh", "tmpfs") or (
            context is None and (mount.origin or mount.kind == "cache")
        ):
            return
        unknown = next((each for each in (mount.kind, mount.source) if isinstance(each, Unknown)), None)
        if unknown is not None and context is None:
            self._unknown(instruction, mount.written, unknown)
            return
        # If a source of a named context is unknown, the whole context is taken.
        written = "." if unknown is not None else str(mount.source)
        self._sources_of(context).append(
            Source(
                path=context_path(written),
                line=instruction.line,
                instruction="RUN --mount",
                written=written or ".",
                wildcards=False,
            )
        )

    def _source(self, instruction: Instruction, word: str, context: str | None) -> str | None:
        value = self._evaluate(instruction, word)
        if isinstance(value, Unknown) and context is not None:
            return "."
        if isinstance(value, Unknown):
            self._unknown(instruction, word, value)
            return None
        return value

    def _unknown(self, instruction: Instruction, word: str, unknown: Unknown) -> None:
        what = f"{instruction.name} source {word!r}"
        message = unknown_value_message(self.evaluation.parsed, what, unknown.name)
        self.findings.unknown_sources.append(f"{self.evaluation.parsed.name}:{instruction.line}: {message}")
