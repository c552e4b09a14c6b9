"""The files of each function's zip: its handler and the rooms of the library that the handler uses."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal, get_args

FunctionName = Literal["pruner", "registry", "remote_builds"]
FUNCTIONS: tuple[FunctionName, ...] = get_args(FunctionName)

_LIBRARY = Path(__file__).parents[1]
_MODULES: dict[FunctionName, tuple[str, ...]] = {
    "pruner": ("__init__.py", "printable.py", "errors.py", "ecr/*.py", "pruning/*.py"),
    "registry": ("__init__.py", "ecr/__init__.py", "ecr/media_types.py"),
    "remote_builds": ("__init__.py", "printable.py", "errors.py", "ecr/*.py", "remote/*.py"),
}


def function_files(name: FunctionName) -> dict[str, bytes]:
    """Return content by path in the zip of one function.

    aws_cdk is not among it, and boto3 comes with Lambda's runtime. Files that an installation adds, such as
    `__pycache__`, are left out: the same library gives the same zip on every machine.
    """
    handler = Path(__file__).parent / name
    files = {path.name: path for path in handler.glob("*.py")}
    for pattern in _MODULES[name]:
        files |= {
            f"scoped_images/{path.relative_to(_LIBRARY).as_posix()}": path for path in _LIBRARY.glob(pattern)
        }
    return {path: files[path].read_bytes() for path in sorted(files)}


def fingerprint(files: dict[str, bytes]) -> str:
    """Return a SHA-256 that depends on the files' paths and bytes only."""
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{len(name)} {name} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()
