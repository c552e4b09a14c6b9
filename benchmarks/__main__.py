"""Stock assets and scoped contexts side by side, in one run: `python -m benchmarks`."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.repository import HAND_WRITTEN_IGNORE_FILE, SERVICES, Repository

FILES, BYTES = 50_000, 3_000_000_000
FEW_FILES = 5_000
# The repository, one copy of it in a cloud assembly, and room.
_FREE_BYTES = 3 * BYTES


@dataclass(frozen=True)
class Measured:
    """What images add to synth: seconds, and bytes in the cloud assembly."""

    seconds: float
    bytes: int

    def times(self, count: int) -> Measured:
        """So many of it, one after another."""
        return Measured(self.seconds * count, self.bytes * count)


def measure(kind: str, root: Path, images: int, *, runs: int = 1) -> Measured:
    """Median of some runs, each in a process of its own."""
    done = [_run(kind, root, images) for _ in range(runs)]
    return Measured(median(run.seconds for run in done), done[0].bytes)


def _run(kind: str, root: Path, images: int) -> Measured:
    # Deleted with the repository, not before: deleting 50,000 files goes on while the next run creates its own.
    out = tempfile.mkdtemp(prefix="out-", dir=root.parent)
    # The virtual environment's Node, which jsii supports.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    # A home of its own for CDK, which keeps files' fingerprints there between runs.
    environment = {**os.environ, "CDK_HOME": f"{out}/home", "CDK_VALIDATION": "false", "PATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.synth", kind, str(root), str(images), out],
        stdout=subprocess.PIPE,
        check=True,
        env=environment,
    )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Generate, measure, print, and delete everything."""
    temporary = Path(tempfile.gettempdir())
    free = shutil.disk_usage(temporary).free
    if free < _FREE_BYTES:
        sys.exit(
            f"bench: {temporary} has {free / 1e9:.1f} GB free and {_FREE_BYTES / 1e9:.0f} GB are needed; set TMPDIR"
        )
    with tempfile.TemporaryDirectory(prefix="scoped-benchmark-") as folder:
        root = Path(folder, "repository")
        root.mkdir()
        repository = Repository(root)
        repository.generate_services()
        repository.generate_rest(files=FEW_FILES, size=BYTES // 10)
        small = repository.files_and_bytes()
        in_small = measure("scoped-asset", repository.root, 1, runs=5)
        repository.generate_rest(files=FILES, size=BYTES)
        large = repository.files_and_bytes()
        in_large = measure("scoped-asset", repository.root, 1, runs=5)
        rows = _compare(repository)
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    print(
        f"repository of {large[0]:,} files, {large[1] / 1e9:.1f} GB; what images add to synth, start-up not counted\n"
    )
    _print_comparison(rows)
    print("\nstock on the root, 50 images: 50 times the one, not run\n")
    print("one scoped asset, by the size of the repository around it")
    for (files, size), measured in ((small, in_small), (large, in_large)):
        print(f"  {files:,} files, {size / 1e9:.1f} GB: {measured.seconds * 1000:.0f} ms")


def _compare(repository: Repository) -> list[tuple[str, Measured, Measured]]:
    root = repository.root
    on_root = measure("stock", root, 1)
    rows = [("stock, on the root", on_root, on_root.times(SERVICES))]
    repository.ignore(HAND_WRITTEN_IGNORE_FILE)
    rows.append(("stock, .dockerignore", measure("stock", root, 1), measure("stock", root, SERVICES)))
    repository.ignore(None)
    for name, kind in (("scoped asset", "scoped-asset"), ("ScopedImage, with digest", "scoped-image")):
        rows.append((name, measure(kind, root, 1, runs=5), measure(kind, root, SERVICES, runs=3)))
    return rows


def _print_comparison(rows: list[tuple[str, Measured, Measured]]) -> None:
    print("| context | 1 image | time | cdk.out | 50 images | time | cdk.out |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    first = rows[0]
    for name, *measured in rows:
        cells = [
            cell
            for one, stock in zip(measured, first[1:], strict=True)
            for cell in (
                f"{one.seconds:.2f} s, {one.bytes / 1e6:,.2f} MB",
                _ratio(stock.seconds, one.seconds),
                _ratio(stock.bytes, one.bytes),
            )
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def _ratio(stock: float, ours: float) -> str:
    return f"1/{stock / ours:,.0f}"


if __name__ == "__main__":
    main()
