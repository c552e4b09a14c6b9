"""100,000 images in 200 repositories: a call for each page, and little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_large_registry_takes_a_call_a_page_and_fits_into_the_function() -> None:
    """In a process of its own, whose peak is its own too."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pruning"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["images"] == 100_000
    # The newest 30 of each; in half of them also the function's image and the three before it.
    assert measured["kept"] == 200 * 30 + 100 * 4
    calls = measured["calls"]
    assert calls["DescribeImages"] == 200
    assert calls["GetFunction"] == calls["ListVersionsByFunction"] == 100
    assert sum(calls.values()) < 200 + 2 * 100 + 12
    # A quarter less than the function has, which holds the clients of AWS's SDK too.
    assert measured["peak_mb"] < 384
