"""A container engine for one benchmark, whose image store it may empty."""

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
    """Run it with its state in a folder, and with the public image that everything starts from."""
    engine = ensure_private_engine(
        state=folder / "engine", installed=ROOT / ".local/engine/installed", say=print
    )
    try:
        ensure_base_images(engine, state=ROOT / ".local/base-images", say=print)
        yield engine
    finally:
        stop_engine(folder / "engine")
