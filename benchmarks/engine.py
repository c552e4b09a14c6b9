"""Starts a container engine for one benchmark, which may empty its image store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cdk_local_aws.base_images import ensure_base_images
from cdk_local_aws.engine import Engine, ensure_private_engine
from cdk_local_aws.private_engine import stop_engine

ROOT = Path(__file__).parents[1]


@contextmanager
def private_engine(folder: Path) -> Iterator[Engine]:
    """Run an engine that keeps its state in the folder and has the base image of Lambda."""
    engine = ensure_private_engine(
        state=folder / "engine", installed=ROOT / ".local/engine/installed", say=print
    )
    try:
        ensure_base_images(engine, state=ROOT / ".local/base-images", say=print)
        yield engine
    finally:
        stop_engine(folder / "engine")
