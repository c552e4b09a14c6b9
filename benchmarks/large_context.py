"""Measures a context of very many files: the library finds and writes it, `cp` copies it, `docker build` reads it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.engine import private_engine
from benchmarks.results import OURS, Results, seconds_of
from cdk_local_aws.stand_in_images import docker
from scoped_images.context.scoped_context import ScopedContext

PART = "large_context"
FILES = {"quick": 5_000, "full": 100_000}
_RUNS = 3
RULES = """
    .git **/__pycache__ **/*.pyc **/.pytest_cache **/.mypy_cache **/.ruff_cache **/.venv **/node_modules **/dist
    **/build **/*.egg-info **/.DS_Store **/.idea **/.vscode **/*.log **/*.tmp **/coverage **/.coverage **/htmlcov
    docs *.md !README.md **/test_*.py **/tests **/.env **/.env.* !**/.env.example data cdk.out **/docker-compose*
    **/*.sqlite **/*.bak **/Thumbs.db **/*~ **/*.swp **/.tox **/.nox
"""


def run(results: Results) -> None:
    """Measure with an ignore file and without."""
    files = FILES[results.scale]
    with tempfile.TemporaryDirectory(prefix="bench-large-") as folder, private_engine(Path(folder)) as engine:
        root, out = Path(folder, "root"), Path(folder, "out")
        _generate(root, files)

        def find() -> ScopedContext:
            return ScopedContext.from_dockerfile(root, platform="linux/amd64")

        def build() -> None:
            docker(engine, "build", "--no-cache", str(root))

        ways: dict[str, Callable[[], object]] = {
            f"{OURS}, find": find,
            f"{OURS}, find and write": lambda: find().write(out / "context"),
            "cp -r": lambda: subprocess.run(["cp", "-r", root, out / "context"], check=True),
            "docker build": build,
        }
        for what, rules in (("37 rules", RULES), ("no rules", "")):
            (root / "Dockerfile.dockerignore").write_text("\n".join(rules.split()))
            for name, way in ways.items():
                seconds = []
                for _ in range(_RUNS):
                    docker(engine, "builder", "prune", "--all", "--force")
                    out.mkdir()
                    os.sync()
                    seconds.append(seconds_of(way))
                    shutil.rmtree(out)
                results.add(PART, f"{files:,} files of 2 kB, {what}", name, "seconds", seconds)


def _generate(root: Path, files: int) -> None:
    for number in range(files):
        path = root / f"src/part-{number // 1000}/folder-{number // 50 % 20}/file_{number % 50}.py"
        if number % 50 == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(os.urandom(2_000))
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /app\n")
