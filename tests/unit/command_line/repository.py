"""The repository that the tests of the command line look at."""

from __future__ import annotations

from pathlib import Path

DOCKERFILE = """\
FROM scratch AS test
COPY tests /tests
FROM scratch
ARG KIND=plain
COPY --exclude=*.md src /src
COPY run.sh src/a.py config/$KIND /
"""


def make_repository(root: Path) -> None:
    """Create it: two stages, an ignore file, an executable, a link."""
    for name in ("src", "tests", "config", "data"):
        (root / name).mkdir(parents=True, mode=0o755)
    for name in (
        "src/a.py",
        "src/notes.md",
        "tests/test_a.py",
        "config/plain",
        "config/rich",
        "data/large",
        "run.sh",
    ):
        (root / name).write_text(f"{name}\n")
        (root / name).chmod(0o644)
    (root / "run.sh").chmod(0o755)
    (root / "src" / "link").symlink_to("a.py")
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / ".dockerignore").write_text("# big\ndata\n")
