"""Runs the benchmarks and rewrites docs/benchmarks.md: `python -m benchmarks [--quick] [PART …]`."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

from benchmarks.margins import broken_margins
from benchmarks.results import Results

ROOT = Path(__file__).parents[1]
# The cheap ones first. Each is a module with a function `run`.
PARTS = (
    "context",
    "each_image",
    "rebuilds",
    "pruning",
    "archives",
    "large_context",
    "build",
    "base_size",
    "deploy",
)
# Has matplotlib.
_REPORT_PYTHON = ROOT / ".local/bench/bin/python"


def main() -> None:
    """Measure the given parts, and write the page with all figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument("--quick", action="store_true", help="a small scale, in a few minutes")
    parser.add_argument("--repository", type=Path, help="a git repository for the part rebuilds")
    parser.add_argument("--dockerfile", default="Dockerfile", help="of that repository")
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"PART: unknown, got {', '.join(unknown)}; use {', '.join(PARTS)}")
    results = Results.here("quick" if arguments.quick else "full")
    if arguments.repository is not None:
        from benchmarks.rebuilds import measure_repository  # noqa: PLC0415 (the other parts do not need it)

        measure_repository(results, arguments.repository.resolve(), arguments.dockerfile)
        return
    file = ROOT / ".local/bench/quick.json" if arguments.quick else ROOT / "docs/benchmarks.json"
    for part in arguments.parts or PARTS:
        importlib.import_module(f"benchmarks.{part}").run(results)
        # The next part may fail after an hour.
        results.write(file)
    page = file.with_suffix(".md")
    subprocess.run([_REPORT_PYTHON, "-m", "benchmarks.report", file, page], check=True, cwd=ROOT)
    broken = list(broken_margins(results.measurements)) if arguments.quick else []
    print(f"wrote {file.relative_to(ROOT)} and {page.relative_to(ROOT)}")
    if broken:
        sys.exit("\n".join(("beyond the margins:", *broken)))


if __name__ == "__main__":
    main()
