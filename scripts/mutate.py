"""Changes the library's code in thousands of ways, and lists the changes that no test notices: `make mutate`.

mutmut runs the tests. It supports only packages below `src/`, so it gets such a copy of the tree.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPY = ROOT / ".local" / "mutate"


@dataclass(frozen=True, kw_only=True)
class Part:
    """modules: the files to change, below scoped_images. tests: the tests that must notice."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


PARTS = {
    "pruning": Part(
        modules=("pruning/*.py",),
        tests=(
            "tests/unit/pruning",
            "tests/unit/functions/test_pruner_handler.py",
            "tests/unit/command_line/test_prune.py",
        ),
    ),
    "tags": Part(
        modules=("ecr/tags.py", "ecr/tag_pattern.py", "ecr/lifecycle.py"),
        tests=("tests/unit/ecr",),
    ),
    "context": Part(
        modules=("context/copying.py", "context/file.py", "context/folder.py", "image/spec.py"),
        tests=("tests/unit/context", "tests/unit/image"),
    ),
    "remote": Part(
        modules=("remote/*.py", "functions/remote_builds/index.py"),
        tests=("tests/unit/remote",),
    ),
}
# It starts another process, which does not run the changed code.
WITHOUT = "tests/unit/pruning/test_scale.py"
MODELS_EXAMPLES = "15"


def main() -> None:
    """Run mutmut for each part, and print the changes that no test notices."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--only", metavar="MODULE", help="one file of the part, such as pruning/selection.py")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - PARTS.keys()
    if unknown:
        parser.error(f"parts: unknown, got {', '.join(sorted(unknown))}; use {', '.join(PARTS)}")
    for name in arguments.parts:
        _prepare(PARTS[name], arguments.only)
        environment = {**os.environ, "SCOPED_IMAGES_WORLDS": MODELS_EXAMPLES, "CDK_VALIDATION": "false"}
        mutmut = [sys.executable, "-m", "mutmut"]
        subprocess.run([*mutmut, "run", "--max-children", "1"], cwd=COPY, env=environment, check=False)
        results = subprocess.run(
            [*mutmut, "results", "--all", "true"],
            cwd=COPY,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        states = Counter(line.rpartition(": ")[2] for line in results.splitlines() if ": " in line)
        print(f"\n{name}: " + ", ".join(f"{count} {state}" for state, count in states.most_common()))
        for line in results.splitlines():
            mutant, _, state = line.strip().rpartition(": ")
            if state in ("survived", "no tests", "timeout", "suspicious"):
                print(f"-- {state}")
                subprocess.run([*mutmut, "show", mutant], cwd=COPY, env=environment, check=False)


def _prepare(part: Part, only: str | None) -> None:
    """Write the copy, with settings for one part."""
    shutil.rmtree(COPY, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "constructs" / "scoped_images", COPY / "src" / "scoped_images", ignore=ignore)
    for name in ("tests", "benchmarks", "scripts"):
        shutil.copytree(ROOT / name, COPY / name, ignore=ignore)
    modules = [f"src/scoped_images/{one}" for one in ((only,) if only else part.modules)]
    (COPY / "pyproject.toml").write_text(
        "[tool.mutmut]\n"
        'source_paths = ["src"]\n'
        f"only_mutate = {modules!r}\n"
        'also_copy = ["benchmarks", "scripts"]\n'
        f"pytest_add_cli_args = {['-p', 'no:cacheprovider', '--deselect', WITHOUT]!r}\n"
        f"pytest_add_cli_args_test_selection = {list(part.tests)!r}\n"
        # Error messages are mutated too.
        "do_not_mutate_patterns = []\n"
        "[tool.pytest.ini_options]\n"
        'addopts = "--import-mode=importlib"\n'
        'pythonpath = ["src", "."]\n'
        'markers = ["e2e", "engine"]\n'
    )


if __name__ == "__main__":
    main()
