"""What remote builds of handlers upload, with and without a base image, in one run: `python -m benchmarks.archives`."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import boto3

from cdk_local_aws.emulator import process
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.settings import EmulatorSettings
from scoped_images import ScopedContext
from scoped_images.context.archive import write_context_archive

ROOT = Path(__file__).parents[1]
PORT = 14567
RUNS = 5
BUCKET = "archives"
# A handler, and the packages that its base image holds.
HANDLERS = {
    "upload_images": ("receipt_dynamo",),
    "create_labels": ("receipt_dynamo", "receipt_label"),
}
# A shared package with data in it, such as a model: random, so that nothing compresses it away.
MODEL_BYTES = 25_000_000


@dataclass(frozen=True)
class Measured:
    """One archive: its bytes, and median seconds of writing and of uploading it."""

    size: int
    write: float
    upload: float


def main() -> None:
    """Measure, print, and delete everything."""
    with tempfile.TemporaryDirectory(prefix="archives-") as folder, emulated_s3(Path(folder, "aws")) as s3:
        print(
            f"{'handler':<28}{'base image':<12}{'bytes':>12}{'write ms':>10}{'upload ms':>11}{'bytes x':>9}{'time x':>8}"
        )
        for name, packages in HANDLERS.items():
            compare(
                name,
                ROOT / "lambdas" / name,
                [ROOT / "packages" / each for each in packages],
                Path(folder),
                s3,
            )
        shared = Path(folder, "shared")
        shared.mkdir()
        (shared / "model.bin").write_bytes(os.urandom(MODEL_BYTES))
        compare("upload_images, 25 MB model", ROOT / "lambdas" / "upload_images", [shared], Path(folder), s3)


def compare(name: str, handler: Path, packages: list[Path], folder: Path, s3: Any) -> None:
    """Print the two archives of one handler, and how many times the second is the first."""
    with_base = measure(context(folder, handler, []), folder, s3)
    without = measure(context(folder, handler, packages), folder, s3)
    for kind, measured in (("with", with_base), ("without", without)):
        times = (measured.write + measured.upload) / (with_base.write + with_base.upload)
        print(
            f"{name:<28}{kind:<12}{measured.size:>12,}{measured.write * 1000:>10.1f}{measured.upload * 1000:>11.1f}"
            f"{measured.size / with_base.size:>9.1f}{times:>8.1f}"
        )


def context(folder: Path, handler: Path, packages: list[Path]) -> ScopedContext:
    """The handler's own folder, or one that holds the packages too."""
    made = Path(tempfile.mkdtemp(dir=folder))
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(handler, made / "handler", ignore=ignored)
    for package in packages:
        shutil.copytree(package, made / "packages" / package.name, ignore=ignored)
    (made / "Dockerfile").write_text("FROM scratch\nCOPY . /app\n")
    return ScopedContext.of(made)


def measure(made: ScopedContext, folder: Path, s3: Any) -> Measured:
    """Write and upload one archive some times."""
    writes, uploads, size = [], [], 0
    for run in range(RUNS):
        start = time.perf_counter()
        archive = write_context_archive(made, Path(tempfile.mkdtemp(dir=folder)))
        writes.append(time.perf_counter() - start)
        start = time.perf_counter()
        s3.upload_file(str(archive), BUCKET, f"{run}-{archive.name}")
        uploads.append(time.perf_counter() - start)
        size = archive.stat().st_size
    return Measured(size, median(writes), median(uploads))


@contextmanager
def emulated_s3(state: Path) -> Iterator[Any]:
    """S3 of an emulated AWS on loopback: no network's time, the same for both."""
    settings = EmulatorSettings(state=state, port=PORT)
    process.ensure_running(settings, {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}, print)
    try:
        client = boto3.client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            aws_access_key_id=settings.account,
            aws_secret_access_key=Keys.read(settings).secret,
        )
        client.create_bucket(Bucket=BUCKET)
        yield client
    finally:
        process.stop(settings)


if __name__ == "__main__":
    main()
