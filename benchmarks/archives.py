"""Measures the uploads of remote builds, with packages in a base image and in each context."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from benchmarks.results import OURS, Results, seconds_of
from cdk_local_aws.emulator import process
from cdk_local_aws.emulator.keys import Keys
from cdk_local_aws.emulator.settings import EmulatorSettings
from scoped_images import ScopedContext
from scoped_images.context.archive import write_context_archive

ROOT = Path(__file__).parents[1]
PART = "archives"
PORT = 14567
RUNS = 5
BUCKET = "archives"
# The packages in the base image of each handler.
HANDLERS = {
    "upload_images": ("receipt_dynamo",),
    "create_labels": ("receipt_dynamo", "receipt_label"),
}
# Random data, which does not compress, in a shared package.
MODEL_BYTES = 25_000_000


def run(results: Results) -> None:
    """Measure each handler, and one with a large package."""
    with tempfile.TemporaryDirectory(prefix="archives-") as folder, emulated_s3(Path(folder, "aws")) as s3:
        for name, packages in HANDLERS.items():
            _compare(
                results,
                name,
                ROOT / "lambdas" / name,
                [ROOT / "packages" / each for each in packages],
                folder=Path(folder),
                s3=s3,
            )
        shared = Path(folder, "shared")
        shared.mkdir()
        (shared / "model.bin").write_bytes(os.urandom(MODEL_BYTES))
        handler = ROOT / "lambdas" / "upload_images"
        _compare(results, "upload_images, 25 MB model", handler, [shared], folder=Path(folder), s3=s3)


def _compare(
    results: Results, case: str, handler: Path, packages: list[Path], *, folder: Path, s3: Any
) -> None:
    for subject, held in (("packages in each context", packages), (f"{OURS}, packages in a base image", [])):
        made = context(folder, handler, held)
        written: list[Path] = []

        def upload(made: ScopedContext = made, written: list[Path] = written) -> None:
            written.append(write_context_archive(made, Path(tempfile.mkdtemp(dir=folder))))
            s3.upload_file(str(written[-1]), BUCKET, f"{len(written)}-{written[-1].name}")

        seconds = [seconds_of(upload) for _ in range(RUNS)]
        results.add(PART, case, subject, "kB uploaded", [written[-1].stat().st_size / 1000])
        results.add(PART, case, subject, "seconds to write and upload", seconds)


def context(folder: Path, handler: Path, packages: list[Path]) -> ScopedContext:
    """Make a context of the handler and the packages."""
    made = Path(tempfile.mkdtemp(dir=folder))
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(handler, made / "handler", ignore=ignored)
    for package in packages:
        shutil.copytree(package, made / "packages" / package.name, ignore=ignored)
    (made / "Dockerfile").write_text("FROM scratch\nCOPY . /app\n")
    return ScopedContext.of(made)


@contextmanager
def emulated_s3(state: Path) -> Iterator[Any]:
    """Start an emulated AWS, whose uploads take no network time, and yield a client of its S3."""
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
