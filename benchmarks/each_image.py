"""What one image more costs at synth: from few to many images, in turns, so that neither start-up nor load counts."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.context import synth
from benchmarks.repository import Repository
from benchmarks.results import OURS, Results

PART = "each_image"
_FEW_AND_MANY = {"quick": (20, 120), "full": (50, 400)}
_ROUNDS = 4


def run(results: Results) -> None:
    """Measure the library beside a stock asset of a folder that holds exactly the image's files."""
    few, many = _FEW_AND_MANY[results.scale]
    kinds = {"stock, package folder": "stock_folder", OURS: "scoped_image"}
    found: dict[str, list[float]] = {subject: [] for subject in kinds}
    with tempfile.TemporaryDirectory(prefix="bench-each-image-") as folder:
        repository = Repository(Path(folder))
        repository.generate_rest(files=1_000, size=10_000_000)
        repository.generate_services(many)
        for _ in range(_ROUNDS):
            for subject, kind in kinds.items():
                first, last = (
                    synth(sys.executable, kind, repository.root, images)["seconds"] for images in (few, many)
                )
                found[subject].append(1000 * (last - first) / (many - few))
    for subject, values in found.items():
        results.add(PART, f"from {few} to {many} images", subject, "ms for each image", values)
