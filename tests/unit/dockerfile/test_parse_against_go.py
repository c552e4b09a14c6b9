"""The parser gives the same instructions as BuildKit's own in Go, which PyPI's `dockerfile` holds.

That package vendors a BuildKit of 2022. Where today's differs, KNOWN says so, and test_parse.py has the right value.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scoped_images.dockerfile.instruction import Instruction
from scoped_images.dockerfile.parse import parse_dockerfile
from scoped_images.errors import ScopedImagesError
from tests.differential.generated import cases
from tests.differential.named_cases import BUILDS, FAILS
from tests.unit.dockerfile import test_context_sources, test_external_images, test_parse

# There is no wheel for Linux on arm64.
go = pytest.importorskip("dockerfile")

ROOT = Path(__file__).parents[3]
# `make fuzz` gives thousands.
_FUZZ = int(os.environ.get("SCOPED_IMAGES_FUZZ", "0"))
_CASES = _FUZZ or 400

# What the parser of 2022 reads in another way than BuildKit v0.32.2.
KNOWN = re.compile(
    r"<<-?[\\`]?[\t\r\n ]"  # `<< EOF` opens a heredoc today
    r"|\][\t\r ]*[^\t\r\n ]"  # a JSON array with text behind it is a shell command today
    r"|(?i:^[\ufeff\s]*(#.*\n\s*)*#\s*check\s*=)"  # `# check=` is a directive today
    r"|<<\S*\$\{"  # of `<<${A:-b c}` the space is read in another way
    r"|\\u0000"  # in JSON; the package hands text over as a C string
)
# Messages of BuildKit's second step, which the package does not take.
LATER = re.compile(
    r"has the unknown flag|has the flag .* twice|takes true or false|takes a value;|takes an argument|"
    r"takes at least a source|takes no heredoc|takes a name before|FROM takes|the name of the stage|HEALTHCHECK |"
    r"SHELL takes|not allowed in an ONBUILD|ONBUILD:|ONBUILD takes|VOLUME takes|RUN --\w+ |unknown instruction|"
    r"continues into nothing"
)


def compare(text: str) -> None:
    """Fail unless both give the same instructions, or a message where Go gives one."""
    try:
        commands = go.parse_string(text)
    except go.GoParseError:
        commands = None
    except UnicodeDecodeError:
        # The package cuts a letter into its bytes and cannot hand that over.
        return
    instructions, message = parsed(text)
    if instructions is None:
        assert commands is None or LATER.search(message) or KNOWN.search(text), message
        return
    if commands is None:
        assert KNOWN.search(text), instructions
        return
    ours, theirs = [ours_of(each) for each in instructions], [go_of(each) for each in commands]
    assert ours == theirs or KNOWN.search(text)
    for instruction, command in zip(instructions, commands, strict=False):
        if instruction.trigger is not None and "<<" not in command.original:
            held = re.sub(r"(?ai)^\s*ONBUILD\s*", "", command.original)
            assert [ours_of(instruction.trigger)[:3]] == [go_of(each)[:3] for each in go.parse_string(held)]


def parsed(text: str) -> tuple[tuple[Instruction, ...] | None, str]:
    """Our instructions, or our message."""
    try:
        return parse_dockerfile(text, name="Dockerfile").instructions, ""
    except ScopedImagesError as error:
        return None, str(error)


def ours_of(instruction: Instruction) -> tuple[Any, ...]:
    """What can be compared of an instruction."""
    words = instruction.words if instruction.trigger is None else ()
    heredocs = instruction.heredocs if instruction.trigger is None else ()
    return (
        instruction.name,
        instruction.flags,
        words,
        instruction.line,
        [(heredoc.name, heredoc.content) for heredoc in heredocs],
    )


def go_of(command: Any) -> tuple[Any, ...]:
    """The same of a command of the Go parser."""
    name = command.cmd.upper()
    words = () if name == "ONBUILD" else tuple(command.value)
    heredocs = [(heredoc.name, heredoc.content) for heredoc in command.heredocs]
    return name, tuple(command.flags), words, command.start_line, heredocs


NAMED: list[str] = [
    *(each[2] if "FROM " in each[2] else f"FROM scratch\n{each[2]}\n" for each in (*BUILDS, *FAILS)),
    *(
        f"FROM a\n{each[1]}\n"
        for each in (*test_parse.INSTRUCTIONS, *test_parse.HEREDOCS, *test_parse.ERRORS)
    ),
    *(each[1] for each in test_parse.DIRECTIVES),
    *(f"FROM a\n{each[1]}\n" for each in test_context_sources.FORMS),
    *(str(each[1]) for each in (*test_context_sources.VARIABLES, *test_external_images.FOUND)),
    test_context_sources.STAGES,
    *(
        path.read_text()
        for folder in ("dockerfiles", "services", "lambdas", "constructs")
        for path in sorted((ROOT / folder).rglob("*Dockerfile"))
    ),
]


@pytest.mark.parametrize("text", NAMED)
def test_named_dockerfiles_give_the_same_instructions(text: str) -> None:
    compare(text)


BARE = r"""
    \ ` # <<EOF <<-EOF <<"EOF" <<'EOF' 3<<EOF <<< ["a" ['a'] -- " ' a=b =b $A ${A} ${A:-<<EOF} ${ $ é a b /x .
"""
PIECES = [
    *BARE.split(),
    *("\\\n", "\n", "\r\n", "\r", " ", "\t", "# escape=`\n", "# syntax=a\n", "#!x\n", "# c\n"),
    *("EOF\n", "\nEOF\n", "\n\tEOF\n", "<<A <<B", "A\nB\n", "FROM a\n", "FROM a AS b\n", "RUN ", "COPY "),
    *("ADD ", "ENV ", "ARG ", "LABEL ", "ONBUILD ", "onbuild run ", "HEALTHCHECK CMD ", "SHELL ", "CMD "),
    *("EXPOSE ", "USER ", "VOLUME ", "STOPSIGNAL ", "MAINTAINER x\n", '["a", "b"]\n', "[1]\n", "[]\n"),
    *('["\\u00e9"]\n', "--from=a ", "--mount=type=bind,from=x ", "--link ", "--link=true ", "--exclude=a "),
    *("-- ", '"a b"', "'a b'", "a= ", "${A:-b c}", "\u00a0", "\u2003", "\ufeff", "\x85", "\x0b", "\x1c"),
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A named Dockerfile with pieces put in, cut out or doubled."""
    text = draw(st.sampled_from(NAMED))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 10)))
        piece = draw(st.sampled_from([*PIECES, text[start:end] * 2]))
        text = text[:start] + piece + text[draw(st.sampled_from([start, end])) :]
    return text


@settings(max_examples=_CASES, deadline=None, derandomize=not _FUZZ)
@given(text=mutated())
def test_mutated_dockerfiles_give_the_same_instructions(text: str) -> None:
    compare(text)


@settings(max_examples=_CASES, deadline=None, derandomize=not _FUZZ)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=20))
def test_any_text_gives_the_same_instructions(pieces: list[str]) -> None:
    text = "FROM a\n" + "".join(pieces)
    assume("FROM a\nFROM" not in text)
    compare(text)


@settings(max_examples=max(40, _CASES // 10), deadline=None, derandomize=not _FUZZ)
@given(case=cases())
def test_dockerfiles_of_the_differential_suite_give_the_same_instructions(case: Any) -> None:
    compare(case.dockerfile)
