"""A change of the handler with a small and a large base, in turns, so that a busy machine slows both alike."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.build import Ways
from benchmarks.engine import private_engine
from benchmarks.monorepo import Monorepo
from benchmarks.results import OURS, Results
from tests.local.debian_registry import debian_registry

PART = "base_size"
_BYTES = (200_000_000, 3_000_000_000)
_RUNS = {"quick": 0, "full": 9}


def run(results: Results) -> None:
    """Measure the seconds with each base, and how many times longer the large one takes."""
    runs = _RUNS[results.scale]
    if not runs:
        return
    # Else newer releases ask before bake reads a folder that is not the current one.
    os.environ["BUILDX_BAKE_ENTITLEMENTS_FS"] = "0"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-base-size-")))
        engine = stack.enter_context(private_engine(folder))
        repos = []
        for size in _BYTES:
            own = folder / str(size)
            own.mkdir()
            repo = Monorepo(own / "project", engine, stack.enter_context(debian_registry(own)))
            repo.write(services=1, requirements="pydantic==2.13.5\n", rest=5_000_000)
            repo.push_public_image(size)
            repos.append(repo)
        for subject, way in (
            (f"{OURS} build", Ways.scoped_images_build),
            ("docker buildx bake by hand", Ways.bake),
        ):
            for repo in repos:
                way(Ways(repo), "cold", 1)
            seconds: list[list[float]] = [[] for _ in repos]
            for number in range(runs):
                for repo, values in zip(repos, seconds, strict=True):
                    repo.changes()["handler"](number)
                    repo.empty_builder()
                    started = time.perf_counter()
                    way(Ways(repo), "handler", 1)
                    values.append(time.perf_counter() - started)
            for size, values in zip(_BYTES, seconds, strict=True):
                results.add(PART, f"base of {size / 1e9:g} GB, handler", subject, "seconds", values)
            small, large = (median(values) for values in seconds)
            results.add(PART, "3 GB against 0.2 GB", subject, "times the seconds", [large / small])
