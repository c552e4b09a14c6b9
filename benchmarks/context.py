"""Measures the seconds and bytes of a large repository's contexts at synth: stock assets, peers and the library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.repository import HAND_WRITTEN_IGNORE_FILE, Repository
from benchmarks.results import OURS, Results

PART = "context"
ROOT = Path(__file__).parents[1]
# This environment has the peers too.
_PEERS_PYTHON = ROOT / ".local/bench/bin/python"


@dataclass(frozen=True)
class Size:
    """The bytes and files of a repository, without its services."""

    bytes: int
    files: int

    def __str__(self) -> str:
        return f"{self.bytes / 1e9:g} GB, {self.files:,} files"


SIZES = {
    "quick": (Size(100_000_000, 1_000), Size(200_000_000, 10_000)),
    "full": (
        Size(100_000_000, 1_000),
        Size(1_000_000_000, 20_000),
        Size(3_000_000_000, 200_000),
    ),
}
IMAGES = {"quick": (1, 20), "full": (1, 50, 500)}


def run(results: Results) -> None:
    """Measure every size, from the smallest on."""
    for size in SIZES[results.scale]:
        with tempfile.TemporaryDirectory(prefix="bench-context-") as folder:
            root = Path(folder, "repository")
            root.mkdir()
            repository = Repository(root)
            repository.generate_rest(files=size.files, size=size.bytes)
            _measure_size(results, repository, size)
    _measure_import(results)


def _measure_size(results: Results, repository: Repository, size: Size) -> None:
    sizes = SIZES[results.scale]
    for images in IMAGES[results.scale]:
        # Whether the size of the repository matters shows at its least and its most.
        if images > 50 and size not in (sizes[0], sizes[-1]):
            continue
        repository.generate_services(images)
        case = f"{size}, {images} image{'s' if images > 1 else ''}"
        if images == 1:
            _measure(results, case, "stock, root", "stock_root", repository, images=images, runs=1)
            if size == sizes[0]:
                for peer in ("deploy_time_build", "token_injectable"):
                    subject = f"{peer.replace('_', '-')}, root"
                    _measure(results, case, subject, peer, repository, images=images, runs=1)
        # It walks the repository once for each image: a quarter of an hour for 50 images of the largest one.
        if images == 1 or (images <= 50 and size == sizes[0]):
            repository.ignore(HAND_WRITTEN_IGNORE_FILE)
            runs = 3 if images == 1 else 1
            _measure(results, case, "stock, ignore file", "stock_root", repository, images=images, runs=runs)
            repository.ignore(None)
        runs = 5 if images == 1 else 3 if images <= 50 else 1
        _measure(results, case, "stock, package folder", "stock_folder", repository, images=images, runs=runs)
        _measure(results, case, OURS, "scoped_image", repository, images=images, runs=runs)


def _measure(
    results: Results, case: str, subject: str, kind: str, repository: Repository, *, images: int, runs: int
) -> None:
    python = str(_PEERS_PYTHON) if kind in ("deploy_time_build", "token_injectable") else sys.executable
    done = [synth(python, kind, repository.root, images) for _ in range(runs)]
    results.add(PART, case, subject, "seconds", [each["seconds"] for each in done])
    results.add(PART, case, subject, "MB in cdk.out", [done[0]["bytes"] / 1e6])


def synth(python: str, kind: str, root: Path, images: int) -> dict[str, float]:
    """Return what benchmarks.synth prints."""
    with tempfile.TemporaryDirectory(prefix="out-", dir=root.parent) as out:
        done = subprocess.run(
            [python, "-m", "benchmarks.synth", kind, str(root), str(images), out],
            stdout=subprocess.PIPE,
            check=True,
            cwd=ROOT,
            env={
                **_with_compiled_files(os.environ),
                # CDK keeps fingerprints of files between runs in its home.
                "CDK_HOME": f"{out}/home",
                "CDK_VALIDATION": "false",
                # The virtual environment's Node, which jsii supports.
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "PYTHONPATH": f"{ROOT}:{ROOT / 'constructs'}",
            },
        )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _with_compiled_files(environment: Mapping[str, str]) -> dict[str, str]:
    """Let Python keep its compiled files, as users do: to compile again takes longer than anything measured here."""
    return {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}


_IMPORT = (
    "import time, aws_cdk; started = time.process_time(); {statement}; print(time.process_time() - started)"
)


def _measure_import(results: Results) -> None:
    """Measure imports without aws_cdk's own, in seconds of CPU, which exclude a cold disk."""
    for subject, statement in (
        (OURS, "from scoped_images import BaseImage, ImageRepository, ScopedImage"),
        ("stock, aws_ecr_assets and aws_lambda", "from aws_cdk import aws_ecr_assets, aws_lambda"),
    ):
        program = _IMPORT.format(statement=statement)
        runs = [
            subprocess.run(
                [sys.executable, "-c", program],
                stdout=subprocess.PIPE,
                check=True,
                cwd=ROOT,
                env=_with_compiled_files(os.environ),
            ).stdout
            for _ in range(6)
        ]
        results.add(PART, "import above aws_cdk", subject, "seconds of CPU", [float(run) for run in runs[1:]])
