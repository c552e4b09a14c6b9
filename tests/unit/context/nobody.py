"""Runs a program as an ordinary user: to root every folder is readable."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What it needs is imported before: the user may not read the code.
_PROGRAM = """
import os, sys
from pathlib import Path
from scoped_images.context.scoped_context import ScopedContext
from tests.unit.context.selecting import select
from tests.unit.context.ways import WAYS
root = Path(sys.argv[1])
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    exec(sys.argv[2])
except ValueError as error:
    print(error)
"""


def as_nobody(root: Path, statements: str) -> str:
    """Return what the statements print, or the error in which they end."""
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, root, statements], capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


@contextmanager
def everybodys_folder() -> Iterator[Path]:
    """Give a folder that every user may list, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
