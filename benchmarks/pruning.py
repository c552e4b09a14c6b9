"""Measures the pruner in a large registry: `python -m benchmarks.pruning`.

A function computes the answers of AWS, so that only the library is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from benchmarks.results import OURS, Results
from scoped_images.pruning.aws_calls import AwsCalls
from scoped_images.pruning.retention import Retention
from scoped_images.pruning.run import make_plan
from scoped_images.pruning.settings import PrunerSettings

PART = "pruning"
REPOSITORIES = 200
IMAGES = 500
FUNCTIONS = 100
HOST = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
NOW = datetime.now(UTC)


class LargeAccount:
    """Computes the answers to the pruner's calls, and counts the calls."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def answer(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Answer in place of botocore."""
        self.calls[operation] += 1
        answer: dict[str, Any] = getattr(type(self), operation, _nothing)(**parameters)
        return answer

    @staticmethod
    def DescribeImages(*, repositoryName: str, **_: Any) -> dict[str, Any]:
        number = int(repositoryName.rpartition("-")[2])
        return {
            "imageDetails": [
                {
                    "imageDigest": f"sha256:{number * IMAGES + image:064x}",
                    "imageTags": [f"sha-{number * IMAGES + image:032x}"],
                    "imagePushedAt": NOW - timedelta(days=400 - image / 2),
                    "imageSizeInBytes": 200_000_000,
                    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                }
                for image in range(IMAGES)
            ]
        }

    @staticmethod
    def ListFunctions(**_: Any) -> dict[str, Any]:
        return {"Functions": [{"FunctionName": f"f{n}", "PackageType": "Image"} for n in range(FUNCTIONS)]}

    @staticmethod
    def ListVersionsByFunction(**_: Any) -> dict[str, Any]:
        return {"Versions": [{"Version": "$LATEST"}]}

    @staticmethod
    def GetFunction(*, FunctionName: str, **_: Any) -> dict[str, Any]:
        number = int(FunctionName[1:])
        uri = f"{HOST}/repository-{number}:sha-{number * IMAGES + 100:032x}"
        return {"Code": {"ImageUri": uri, "ResolvedImageUri": uri}}

    @staticmethod
    def ListEventBuses(**_: Any) -> dict[str, Any]:
        return {"EventBuses": [{"Name": "default"}]}


def _nothing(**_: Any) -> dict[str, Any]:
    """Return empty listings of every name."""
    names = ("Rules", "Schedules", "clusterArns", "families", "Stacks")
    return {name: [] for name in names}


class LargeAccountCalls(AwsCalls):
    """Calls that reach a LargeAccount."""

    def __init__(self, account: LargeAccount) -> None:
        super().__init__("eu-west-1", session=boto3.Session("key", "secret"))
        self._account = account

    def client(self, service: str) -> Any:
        client = super().client(service)
        # The last step before HTTP, so that botocore's paginators work as they do with AWS.
        client._make_api_call = self._account.answer
        return client


def peak_memory() -> int:
    """Return this program's peak in kB. getrusage would count the process that started it too."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise RuntimeError("/proc/self/status has no VmHWM: this benchmark needs Linux")


def measure() -> dict[str, Any]:
    """List and select once."""
    account = LargeAccount()
    settings = PrunerSettings(
        environment="large",
        repositories=tuple(f"repository-{number}" for number in range(REPOSITORIES)),
        bases=(),
        regions=("eu-west-1",),
        retention=Retention(max_images=30),
    )
    started = time.perf_counter()
    plan = make_plan(LargeAccountCalls(account), settings)
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "peak_mb": peak_memory() // 1024,
        "images": len(plan.images),
        "kept": len(plan.selection.kept),
        "calls": dict(account.calls),
    }


def run(results: Results) -> None:
    """Measure in new processes, which use memory only for this benchmark."""
    runs = [_measured() for _ in range(3 if results.scale == "full" else 1)]
    case = f"{REPOSITORIES * IMAGES:,} images in {REPOSITORIES} repositories"
    results.add(PART, case, OURS, "seconds", [run["seconds"] for run in runs])
    results.add(PART, case, OURS, "MB of memory", [run["peak_mb"] for run in runs])
    results.add(PART, case, OURS, "calls to AWS", [sum(runs[0]["calls"].values())])


def _measured() -> dict[str, Any]:
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pruning"], stdout=subprocess.PIPE, check=True, cwd=root
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    print(json.dumps(measure()))
