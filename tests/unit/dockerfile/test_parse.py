"""A Dockerfile is split into instructions as BuildKit splits it."""

from __future__ import annotations

import pytest

from scoped_images.dockerfile.heredoc import Heredoc
from scoped_images.dockerfile.parse import parse_dockerfile
from tests.refusals import refused

# (sentence, Dockerfile, flags and words of the last instruction)
INSTRUCTIONS: list[tuple[str, str, tuple[str, ...], tuple[str, ...]]] = [
    ("words", "COPY a b /x", (), ("a", "b", "/x")),
    ("a JSON array", 'COPY ["a b", "/x"]', (), ("a b", "/x")),
    ("single quotes are not JSON", "COPY ['a', '/x']", (), ("['a',", "'/x']")),
    ("text after a JSON array makes it a shell command", 'RUN ["a"] b', (), ('["a"] b',)),
    ("an empty JSON array", "CMD []", (), ()),
    ("half a surrogate pair in JSON", r'CMD ["\ud800"]', (), ("\ufffd",)),
    ("flags", "COPY --link --from=x a /x", ("--link", "--from=x"), ("a", "/x")),
    ("a quoted flag", """COPY --chmod="7"'5'5 a /x""", ("--chmod=755",), ("a", "/x")),
    ("an escaped space in a flag", r"COPY --from=a\ b a /x", ("--from=a b",), ("a", "/x")),
    ("two dashes end the flags", "COPY --link -- --a /x", ("--link",), ("--a", "/x")),
    ("a continued line", "COPY a \\\n  b /x", (), ("a", "b", "/x")),
    ("spaces behind the continuation", "COPY a \\ \t\n /x", (), ("a", "/x")),
    ("two escapes do not continue", "RUN a \\\\\nUSER b", (), ("b",)),
    ("a comment in a continued line", "COPY a \\\n  # b\n /x", (), ("a", "/x")),
    ("an empty line in a continued line", "COPY a \\\n\n \t\n /x", (), ("a", "/x")),
    ("a continued line at the end of the file", "COPY a /x \\", (), ("a", "/x")),
    ("a lone continuation before an instruction", "\\\nCOPY a /x", (), ("a", "/x")),
    ("ends of lines of Windows", "COPY a \\\r\n  b /x\r\n", (), ("a", "b", "/x")),
    ("a name in lower case and in front of it spaces", "  copy a /x", (), ("a", "/x")),
    ("a non-breaking space separates no words", "COPY a\u00a0b /x", (), ("a\u00a0b", "/x")),
    ("quotes stay in an ARG", "ARG A=\"x y\" B='z' C", (), ('A="x y"', "B='z'", "C")),
    ("an escaped space in an ARG", r"ARG A=x\ y", (), (r"A=x\ y",)),
    ("pairs of an ENV", "ENV A=1 B='2 3'", (), ("A", "1", "B", "'2 3'")),
    ("the old form of an ENV", "ENV A 1 2", (), ("A", "1 2")),
    ("a quote without end", 'ENV A="b c', (), ("A", '"b c')),
    ("a shell command", "RUN a  b", (), ("a  b",)),
    ("HEALTHCHECK", 'HEALTHCHECK --retries=1 CMD ["a"]', ("--retries=1",), ("CMD", "a")),
]


@pytest.mark.parametrize(
    ("text", "flags", "words"), [each[1:] for each in INSTRUCTIONS], ids=[each[0] for each in INSTRUCTIONS]
)
def test_instructions(text: str, flags: tuple[str, ...], words: tuple[str, ...]) -> None:
    instruction = parse_dockerfile(f"FROM a\n{text}", name="Dockerfile").instructions[-1]
    assert (instruction.flags, instruction.words) == (flags, words)


def heredoc(content: str = "", name: str = "EOF", *, chomp: bool = False, expand: bool = True) -> Heredoc:
    return Heredoc(name=name, chomp=chomp, expand=expand, content=content)


# (sentence, Dockerfile, heredocs of the last instruction)
HEREDOCS: list[tuple[str, str, list[Heredoc]]] = [
    ("plain", "RUN <<EOF\na\nEOF", [heredoc("a\n")]),
    ("empty", "COPY <<EOF /x\nEOF", [heredoc()]),
    ("quoted, so unexpanded", 'ADD <<"E F" /x\n$a\nE F', [heredoc("$a\n", "E F", expand=False)]),
    ("indented", "RUN <<-EOF\n\ta\n\t\tEOF", [heredoc("\ta\n", chomp=True)]),
    ("a space before its name", "RUN << EOF\nEOF", [heredoc()]),
    ("with a descriptor", "RUN cat 3<<EOF\nEOF", [heredoc()]),
    (
        "two in a line",
        "COPY <<A <<-'B' /x\n1\nA\n2\n\tB",
        [heredoc("1\n", "A"), heredoc("2\n", "B", chomp=True, expand=False)],
    ),
    ("comments and continuations are content", "RUN <<EOF\n# a\nb \\\nEOF", [heredoc("# a\nb \\\n")]),
    ("ends of lines of Windows", "RUN <<EOF\r\na\r\nEOF\r\n", [heredoc("a\r\n")]),
    ("in a continued line", "RUN a \\\n <<EOF\nb\nEOF", [heredoc("b\n")]),
    ("not in quotes", "RUN echo '<<EOF'", []),
    ("not a here-string", "RUN cat <<<EOF", []),
    ("not with a quote without end", "RUN echo it's <<EOF", []),
    ("not in JSON", 'RUN ["cat", "<<EOF"]', []),
    ("not of other instructions", "CMD cat <<EOF", []),
]


@pytest.mark.parametrize(("text", "heredocs"), [h[1:] for h in HEREDOCS], ids=[h[0] for h in HEREDOCS])
def test_heredocs(text: str, heredocs: list[Heredoc]) -> None:
    instruction = parse_dockerfile(f"FROM a\n{text}\n", name="Dockerfile").instructions[-1]
    assert list(instruction.heredocs) == heredocs


def test_an_onbuild_holds_an_instruction_with_flags_and_heredocs() -> None:
    """BuildKit reads it again as a Dockerfile of its own: with the backslash as escape."""
    text = "# escape=`\nFROM a\nONBUILD copy --link `\n <<EOF b /x\n1\nEOF\nUSER c"
    onbuild = parse_dockerfile(text, name="Dockerfile").instructions[1]
    trigger = onbuild.trigger
    assert trigger is not None
    assert (trigger.name, trigger.flags, trigger.words, trigger.line) == (
        "COPY",
        ("--link",),
        ("<<EOF", "b", "/x"),
        3,
    )
    assert [heredoc.content for heredoc in trigger.heredocs] == ["1\n"]


# (sentence, Dockerfile, escape, syntax)
DIRECTIVES = [
    ("none", "FROM a", "\\", ""),
    (
        "all three",
        "# syntax = docker/dockerfile:1 -x\n#check=skip=all\n# Escape=`\nFROM a",
        "`",
        "docker/dockerfile:1",
    ),
    ("not behind a comment", "# a\n# escape=`\nFROM a", "\\", ""),
    ("not behind an empty line", "\n# syntax=a\nFROM a", "\\", ""),
    ("not behind an unknown directive", "# other=a\n# escape=`\nFROM a", "\\", ""),
    ("behind a byte order mark", "\ufeff# syntax=a\n# escape=`\nFROM a", "`", "a"),
    ("with ends of lines of Windows", "# syntax=a\r\n# escape=`\r\nFROM a", "`", "a"),
    ("an indented one chooses the escape, and no frontend", " # syntax=a\n # escape=`\nFROM a", "`", ""),
    ("a frontend behind an interpreter", "#!/usr/bin/env x\n# syntax=a\nFROM a", "\\", "a"),
]


@pytest.mark.parametrize(
    ("text", "escape", "syntax"), [d[1:] for d in DIRECTIVES], ids=[d[0] for d in DIRECTIVES]
)
def test_directives(text: str, escape: str, syntax: str) -> None:
    parsed = parse_dockerfile(text, name="Dockerfile")
    assert (parsed.escape, parsed.syntax) == (escape, syntax)


# (sentence, Dockerfile, message): what BuildKit also refuses
ERRORS = [
    ("nothing", "# nothing\n", " has no instruction; start it with FROM"),
    (
        "an unknown instruction",
        "COPPY a /",
        "2: unknown instruction 'COPPY'; there are ADD, ARG, CMD, COPY, ENTRYPOINT, ENV, EXPOSE, FROM, HEALTHCHECK, "
        "LABEL, MAINTAINER, ONBUILD, RUN, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR",
    ),
    ("a directive twice", "# escape=`\n# escape=`", "2: only one # escape directive can be used; remove one"),
    ("a heredoc without end", "COPY <<EOF /x", "2: the heredoc has no end; add a line 'EOF'"),
    (
        "an unknown flag",
        "COPY --form=x a /",
        "2: COPY has the unknown flag --form; there are --chmod, --chown, --exclude, --from, --link, --parents",
    ),
    ("an invalid escape", "# escape=x\nFROM a", "1: # escape takes a backslash or a backtick, got 'x'"),
    (
        "a heredoc as destination",
        "COPY a <<EOF\nEOF",
        "2: COPY takes no heredoc as its destination, got '<<EOF'",
    ),
    ("numbers in JSON", "RUN [1]", "2: takes strings only in a JSON array, got '[1]'; quote each item"),
    ("an ENV without value", "ENV A", "2: ENV takes a name and a value, got 'A'; write name=value"),
    ("an ENV with a space", "ENV A=b c", "2: ENV takes name=value, got 'c'; quote a value that has spaces"),
    ("a LABEL without name", "LABEL =a", "2: LABEL takes a name before the '='"),
    ("an ARG without name", "ARG =a", "2: ARG takes a name before the '='"),
    ("a flag twice", "COPY --link --link a /x", "2: COPY has the flag --link twice; remove one"),
    ("a flag without value", "COPY --from a /x", "2: COPY --from takes a value; write --from=…"),
    ("a switch with a value", "COPY --link=1 a /x", "2: COPY --link takes true or false, got '1'"),
    ("a flag that none has", "USER --link a", "2: USER has the unknown flag --link; there are none"),
    ("a network", "RUN --network=x a", "2: RUN --network takes default or host or none, got 'x'"),
    ("no argument", "WORKDIR", "2: WORKDIR takes an argument"),
    ("SHELL without JSON", "SHELL sh", '2: SHELL takes a JSON array, like ["/bin/bash", "-c"]'),
    ("an unknown check", "HEALTHCHECK a", "2: HEALTHCHECK takes CMD or NONE, got 'a'"),
    ("ONBUILD in ONBUILD", "ONBUILD onbuild RUN a", "2: ONBUILD is not allowed in an ONBUILD"),
    ("FROM in ONBUILD", "ONBUILD FROM a", "2: FROM is not allowed in an ONBUILD"),
    ("a wrong trigger", "ONBUILD COPY a", "2: ONBUILD:1: COPY takes at least a source and a destination"),
    ("two images", "FROM a b", "2: FROM takes an image, or an image and `AS` with a name"),
    (
        "a stage name",
        "FROM a AS 1b",
        "2: the name of the stage is invalid, got '1b'; start with a letter, then use letters, digits, -_.",
    ),
    (
        "a mount with a quote",
        'RUN --mount=type=a\\"b c',
        "2: RUN --mount has a misplaced double quote, got 'type=a\"b'",
    ),
    ("nothing behind a continuation", "\\\n", "2: the line continues into nothing; remove it"),
]


@pytest.mark.parametrize(("text", "message"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS])
def test_errors(text: str, message: str) -> None:
    with refused(f"Dockerfile:{message}"):
        parse_dockerfile(text if text.startswith("#") else f"FROM a\n{text}", name="Dockerfile")


LONG = "a" * 65_536


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"FROM {LONG}",
            "Dockerfile:1: the line is longer than 65,535 bytes, which BuildKit refuses; split it",
        ),
        (
            "FROM a\n" + "#\n" * 600_000,
            "Dockerfile: has 1,200,007 bytes, and at most 1,048,576 are read; copy large content from a file of the "
            "build context",
        ),
        (
            "FROM a\n" + "USER b\n" * 10_000,
            "Dockerfile:10001: is beyond the 10,000 instructions that are read",
        ),
        (
            f"FROM a\nRUN {'${A:-' * 1000} <<EOF",
            f"Dockerfile:2: 'RUN {'${A:-' * 15}$…' has more than 50 substitutions in each other; simplify it",
        ),
        (
            f"FROM a\nRUN {'[' * 30_000}",
            "Dockerfile:2: has a JSON array that is nested too deep; use a JSON array of strings",
        ),
    ],
    ids=["a long line", "a large file", "many instructions", "nested substitutions", "nested JSON"],
)
def test_a_dockerfile_that_is_too_large_is_refused_in_one_line(text: str, message: str) -> None:
    with refused(message):
        parse_dockerfile(text, name="Dockerfile")
