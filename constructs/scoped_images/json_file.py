"""Reads small JSON files that are kept in git strictly, and writes them in one step."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoped_images.errors import ScopedImagesError


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a file, or None if the file does not exist.

    Raises ScopedImagesError if the file is not JSON or holds something else than an object.
    """
    try:
        content = json.loads(path.read_bytes(), object_pairs_hook=_without_duplicates)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ScopedImagesError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        # Usually an unfinished merge.
        raise ScopedImagesError(
            f"{path}: not valid JSON: {error}; fix it, or take one side of the merge"
        ) from None
    if not isinstance(content, dict):
        raise ScopedImagesError(f"{path}: must hold a JSON object, got {type(content).__name__}")
    return content


def write_json(
    path: Path, content: Mapping[str, Any], *, sort_keys: bool = True, indent: int | str = 2
) -> None:
    """Replace a file, or what a link leads to, in one step: a concurrent reader sees the old or the new content.

    Raises ScopedImagesError if the content has a number that JSON cannot hold, or if the file cannot be written.
    """
    try:
        text = json.dumps(content, indent=indent, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False)
    except ValueError:
        # json.loads reads 1e400 as infinity.
        raise ScopedImagesError(
            f"cannot write {path}: it has a number that is too large for JSON; write the number as text"
        ) from None
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A file name that is not UTF-8 has lone surrogates, for which JSON has the same escapes as Python.
        _replace(target, f"{text}\n".encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise ScopedImagesError(f"cannot write {path}: {error.strerror}") from None


def _replace(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    written = Path(name)
    try:
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
            stream.write(content)
            stream.flush()
            # Else a crash can leave an empty file under the new name.
            os.fsync(stream.fileno())
        # Keep the mode of a checkout: the temporary file is readable by its owner only.
        written.chmod(path.stat().st_mode if path.exists() else 0o644)
        os.replace(written, path)  # noqa: PTH105 - the name says that it is one step
    except OSError:
        written.unlink(missing_ok=True)
        raise


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} occurs twice")
    return content
