"""A repository, and the commands run in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.command_line.program import Command

DOCKERFILE = """\
FROM scratch AS test
COPY tests /tests
FROM scratch
ARG KIND=plain
COPY --exclude=*.md src /src
COPY run.sh src/a.py config/$KIND /
"""
FILES = ("src/a.py", "src/notes.md", "tests/test_a.py", "config/plain", "config/rich", "data/large", "run.sh")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two stages, an ignore file, an executable and a link; the commands run beside it."""
    root = tmp_path / "repository"
    for name in FILES:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        file.write_text(f"{name}\n")
        file.chmod(0o644)
    (root / "run.sh").chmod(0o755)
    (root / "src" / "link").symlink_to("a.py")
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / ".dockerignore").write_text("# big\ndata\n")
    monkeypatch.chdir(tmp_path)
    return root


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command and return what it printed."""
    return Command(capsys)
