"""Splits a Dockerfile into instructions, with the rules of BuildKit's parser.

https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerfile/parser/parser.go; docs/decisions/0011.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from scoped_images.dockerfile.arguments import INSTRUCTIONS, ArgumentError, read_words, split_instruction
from scoped_images.dockerfile.directives import DirectiveError, read_directives, syntax_directive
from scoped_images.dockerfile.heredoc import Heredoc, heredocs_of
from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.instruction_rules import refuse_malformed
from scoped_images.dockerfile.limits import MAX_DOCKERFILE_BYTES, MAX_INSTRUCTIONS, MAX_LINE_BYTES
from scoped_images.dockerfile.shell_lexer import ShellError
from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.go_text import SPACES


@dataclass(frozen=True, kw_only=True)
class ParsedDockerfile:
    """The instructions of a Dockerfile.

    name: for messages. escape: the character that the `# escape` directive chose.
    syntax: the image of the frontend that the file asks for, or an empty string for BuildKit's own.
    """

    name: str
    instructions: tuple[Instruction, ...]
    escape: str = "\\"
    syntax: str = ""

    def error(self, line: int, message: str) -> ScopedImagesError:
        """Return an error that names the place."""
        return ScopedImagesError(f"{self.name}:{line}: {message}")


@lru_cache(maxsize=16)
def parse_dockerfile(content: bytes | str, *, name: str) -> ParsedDockerfile:
    """Parse a Dockerfile; raises ScopedImagesError that names it and the line.

    The context and the image of one build ask for the same one, several times.
    """
    text = _decode(content, name)
    parser = _Parser.of(text, name)
    return ParsedDockerfile(
        name=name,
        instructions=tuple(parser.instructions()),
        escape=parser.escape,
        syntax=syntax_directive(text),
    )


def _decode(content: bytes | str, name: str) -> str:
    if len(content) > MAX_DOCKERFILE_BYTES:
        raise ScopedImagesError(
            f"{name}: has {len(content):,} bytes, and at most {MAX_DOCKERFILE_BYTES:,} are read; copy large "
            "content from a file of the build context"
        )
    try:
        text = content.decode() if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        raise ScopedImagesError(f"{name}: is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ScopedImagesError(f"{name}:{line}: has a NUL character; remove it")
    return text


@dataclass
class _Parser:
    """Reads lines one after the other. line: how many have been read."""

    name: str
    lines: list[str]
    escape: str
    line: int = 0

    @classmethod
    def of(cls, text: str, name: str) -> _Parser:
        # A last line without its end counts; an end without a line behind it does not.
        lines = text.removesuffix("\n").split("\n") if text else []
        for number, line in enumerate(lines, start=1):
            if len(line) * 4 > MAX_LINE_BYTES and len(line.encode()) > MAX_LINE_BYTES:
                raise ScopedImagesError(
                    f"{name}:{number}: the line is longer than {MAX_LINE_BYTES:,} bytes, which BuildKit refuses; "
                    "split it"
                )
        if lines:
            lines[0] = lines[0].removeprefix("\ufeff")
        try:
            # Spaces before a directive do not matter here, unlike for `# syntax=`.
            directives = dict(read_directives(line.rstrip("\r").lstrip(SPACES) for line in lines))
        except DirectiveError as error:
            raise ScopedImagesError(f"{name}:{error.line}: {error}") from None
        return cls(name, lines, directives.get("escape", "\\"))

    def instructions(self) -> Iterator[Instruction]:
        """Read to the end."""
        count = 0
        for count, (start, text) in enumerate(self._logical_lines(), start=1):
            if count > MAX_INSTRUCTIONS:
                raise self._error(start, f"is beyond the {MAX_INSTRUCTIONS:,} instructions that are read")
            try:
                yield self._instruction(text, start)
            except (ArgumentError, ShellError) as error:
                raise self._error(start, str(error)) from None
        if count == 0:
            raise ScopedImagesError(f"{self.name}: has no instruction; start it with FROM")

    def _error(self, line: int, message: str) -> ScopedImagesError:
        return ScopedImagesError(f"{self.name}:{line}: {message}")

    def _logical_lines(self) -> Iterator[tuple[int, str]]:
        """Yield each instruction with its first line number, its continued lines joined."""
        while self.line < len(self.lines):
            text = self.lines[self.line].rstrip("\r").lstrip(SPACES)
            self.line += 1
            if not text or text.startswith("#"):
                continue
            start = self.line
            text, goes_on = self._without_continuation(text)
            parts = [text]
            while goes_on and self.line < len(self.lines):
                text = self.lines[self.line].rstrip("\r")
                self.line += 1
                stripped = text.lstrip(SPACES)
                # Comments and empty lines may come between the parts.
                if not stripped or stripped.startswith("#"):
                    continue
                text, goes_on = self._without_continuation(text)
                parts.append(text)
            yield start, "".join(parts)

    def _without_continuation(self, text: str) -> tuple[str, bool]:
        """Remove the escape character at the end; two of them are none."""
        stripped = text.rstrip("\t ")
        if not stripped.endswith(self.escape) or stripped[-2:-1] == self.escape:
            return text, False
        return stripped[:-1], True

    def _instruction(self, text: str, start: int) -> Instruction:
        written, flags, rest = split_instruction(text, self.escape)
        name = self._known(written, start)
        words, is_json = read_words(name, rest, self.escape)
        outermost = Instruction(name=name, words=tuple(words), flags=flags, line=start, is_json=is_json)
        inner, inner_is_json = name, is_json
        if name == "ONBUILD" and rest:
            written, _, inner_rest = split_instruction(rest, self.escape)
            inner = written.upper()
            if inner in INSTRUCTIONS:
                _, inner_is_json = read_words(inner, inner_rest, self.escape)
        if inner in ("ADD", "COPY", "RUN") and not inner_is_json and "<<" in text:
            outermost = replace(
                outermost, heredocs=tuple(self._read_heredoc(each, start) for each in heredocs_of(text))
            )
        if name == "ONBUILD":
            return self._with_trigger(outermost, text)
        refuse_malformed(outermost)
        return outermost

    def _known(self, written: str, line: int) -> str:
        if not written:
            raise self._error(line, "the line continues into nothing; remove it")
        name = written.upper()
        if name not in INSTRUCTIONS:
            known = ", ".join(INSTRUCTIONS)
            raise self._error(line, f"unknown instruction {written!r}; there are {known}")
        return name

    def _read_heredoc(self, heredoc: Heredoc, start: int) -> Heredoc:
        content: list[str] = []
        while self.line < len(self.lines):
            line = self.lines[self.line]
            self.line += 1
            end = line.rstrip("\r")
            if (end.lstrip("\t") if heredoc.chomp else end) == heredoc.name:
                return replace(heredoc, content="".join(content))
            content.append(f"{line}\n")
        raise self._error(start, f"the heredoc has no end; add a line {heredoc.name!r}")

    def _with_trigger(self, instruction: Instruction, text: str) -> Instruction:
        """Parse what an ONBUILD holds as BuildKit does when it runs it: as a Dockerfile of one instruction."""
        refuse_malformed(instruction)
        held = re.sub(r"^\s*ONBUILD\s*", "", text, flags=re.IGNORECASE | re.ASCII)
        ends = [f"\n{heredoc.content}{heredoc.name}" for heredoc in instruction.heredocs]
        triggers = list(
            _Parser.of("".join((held, *ends)), f"{self.name}:{instruction.line}: ONBUILD").instructions()
        )
        if len(triggers) != 1:
            raise self._error(instruction.line, "ONBUILD takes one instruction")
        return replace(instruction, trigger=replace(triggers[0], line=instruction.line))
