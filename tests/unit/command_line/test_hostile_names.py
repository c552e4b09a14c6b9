"""Names in a repository cannot steer the terminal or CI."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.command_line.program import Command

# A name that would clear the screen, forge a line, give GitHub Actions a command and turn the text around.
HOSTILE = "\x1b[2Jx\n::error::forged\u202etxt"
SHOWN = r"\x1b[2Jx\n::error::forged\u202etxt"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["context", "repository"], f"src/{SHOWN}  100 B  0644  Dockerfile:5"),
        (["context", "repository", "--max-bytes", "50"], f"      100 B  src/{SHOWN}  (Dockerfile:5)"),
        (
            ["why", "repository", "--path", f"src/{HOSTILE}"],
            f"src/{SHOWN} goes in: Dockerfile:5: COPY --exclude=*.md src /src",
        ),
        (
            ["why", "repository", "--file", HOSTILE, "--path", "run.sh"],
            f"run.sh goes in: {SHOWN}:2: COPY run.sh /##vso\\[task.complete]\\x1b[2J\\u202e",
        ),
        (
            ["context", "repository", "--file", "whole.Dockerfile"],
            f"warning: whole.Dockerfile:2: takes the whole context; its largest parts: {SHOWN} ",
        ),
    ],
    ids=["the table", "an error", "why", "a Dockerfile", "a warning"],
)
def test_a_name_cannot_steer_terminal_or_ci_from(
    arguments: list[str], line: str, root: Path, command: Command
) -> None:
    (root / "src" / HOSTILE).write_text("x" * 100)
    (root / HOSTILE).write_text("FROM scratch\nCOPY run.sh /##vso[task.complete]\x1b[2J\u202e\n" + 100 * "\n")
    (root / "whole.Dockerfile").write_text("FROM scratch\nCOPY src . /\n")
    done = command(*arguments)
    assert [each[: len(line)] for each in (done.err or done.out).split("\n") if "forged" in each] == [line]
    assert "\x1b" not in done.out + done.err


def test_a_folder_s_name_cannot_steer_terminal_or_ci_from_the_build_command(
    root: Path, command: Command
) -> None:
    done = command("context", "repository", "--output", "out\x1b[2J\u202e")
    assert done.out.split("\n")[-2].endswith(rf"{root.parent}/out\x1b[2J\u202e'")
