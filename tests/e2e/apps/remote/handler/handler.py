"""Answers with what its image was built from."""

import os
from pathlib import Path

VERSION = 1


def handler(event: object, context: object) -> dict[str, object]:
    """Read the files of the bases and the build arguments."""
    return {
        "version": VERSION,
        "bases": [Path(name).read_text() for name in ("lower", "upper")],
        "queue": os.environ["QUEUE"],
        "quoted": os.environ["QUOTED"],
        "hash": Path("hash").read_text()[:8],
    }
