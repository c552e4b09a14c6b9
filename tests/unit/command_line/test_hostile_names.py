"""Names in a repository cannot steer the terminal or CI."""

from __future__ import annotations

from pathlib import Path

from tests.unit.command_line.program import run

# A name that would clear the screen, forge a line, give GitHub Actions a command and turn the text around.
HOSTILE = "\x1b[2Jx\n::error::forged\u202etxt"
SHOWN = r"\x1b[2Jx\n::error::forged\u202etxt"


def test_a_name_cannot_steer_terminal_or_ci_from_the_table(root: Path) -> None:
    (root / "src" / HOSTILE).write_text("")
    done = run("context", "repository", "--file", "Dockerfile")
    assert [line for line in done.stdout.split("\n") if "forged" in line] == [
        f"src/{SHOWN}   0 B  0644  Dockerfile:5"
    ]


def test_a_name_cannot_steer_terminal_or_ci_from_a_warning(root: Path) -> None:
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (root / HOSTILE).write_text("x" * 100)
    done = run("context", "repository", "--file", "Dockerfile")
    assert done.stderr.startswith(
        f"warning: Dockerfile:2: takes the whole context; its largest parts: {SHOWN} 100 B, "
    )
    assert done.stderr.count("\n") == 1


def test_a_name_cannot_steer_terminal_or_ci_from_an_error(root: Path) -> None:
    (root / "src" / HOSTILE).write_text("x" * 100)
    done = run("context", "repository", "--file", "Dockerfile", "--max-bytes", "50")
    assert done.returncode == 2
    assert [line for line in done.stderr.split("\n") if "forged" in line] == [
        f"      100 B  src/{SHOWN}  (Dockerfile:5)"
    ]


def test_a_name_cannot_steer_terminal_or_ci_from_why(root: Path) -> None:
    (root / "src" / HOSTILE).write_text("")
    done = run("why", "repository", "--file", "Dockerfile", "--path", f"src/{HOSTILE}")
    assert done.stdout == f"src/{SHOWN} goes in: Dockerfile:5: COPY --exclude=*.md src /src\n"


def test_a_line_of_the_dockerfile_cannot_steer_terminal_or_ci(root: Path) -> None:
    (root / "Dockerfile").write_text("FROM scratch\nCOPY run.sh /##vso[task.complete]\x1b[2J\u202e\n")
    done = run("why", "repository", "--file", "Dockerfile", "--path", "run.sh")
    assert done.stdout == (
        "run.sh goes in: Dockerfile:2: COPY run.sh /##vso\\[task.complete]\\x1b[2J\\u202e\n"
    )


def test_a_dockerfile_s_name_cannot_forge_a_line_of_why(root: Path) -> None:
    (root / HOSTILE).write_text("FROM scratch\nCOPY run.sh /\n")
    done = run("why", "repository", "--file", HOSTILE, "--path", "run.sh")
    assert done.stdout == f"run.sh goes in: {SHOWN}:2: COPY run.sh /\n"


def test_a_folder_s_name_cannot_steer_terminal_or_ci_from_the_build_command(root: Path) -> None:
    done = run("context", "repository", "--file", "Dockerfile", "--output", "out\x1b[2J\u202e")
    assert done.stdout.split("\n")[-2].endswith(rf"{root.parent}/out\x1b[2J\u202e'")
