"""Reads Dockerfiles and ignore files, which may be anything that a path can name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from scoped_images.errors import ScopedImagesError

# The largest Dockerfile of 225 in public repositories had 30 kB.
MAX_BYTES = 1_000_000


def read_small_file(path: Path, *, what: str) -> bytes:
    """Return a file's bytes; raises OSError, and ScopedImagesError for what is not a file, or too large.

    what: the file's role in messages.
    """
    # O_NONBLOCK: a pipe would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, "Is a directory")
        if not stat.S_ISREG(mode):
            raise ScopedImagesError(f"build context: {what} {path} is a pipe, socket or device; give a file")
        content = b""
        while len(content) <= MAX_BYTES and (chunk := stream.read(MAX_BYTES + 1 - len(content))):
            content += chunk
    if len(content) > MAX_BYTES:
        raise ScopedImagesError(
            f"build context: {what} {path} has more than {MAX_BYTES} bytes, the limit; make it smaller"
        )
    return content
