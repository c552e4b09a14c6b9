"""Checks the generated files of a build context, which synth makes and no folder holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from scoped_images.context.file import ContextFile, Kind
from scoped_images.errors import ScopedImagesError


def refuse_wrong_generated(generated: Mapping[str, bytes], files: Iterable[ContextFile]) -> None:
    """Raise ScopedImagesError for paths that are not plain, or that another file of the context has or blocks."""
    if not generated:
        return
    kinds = {file.path: file.kind for file in files} | dict.fromkeys(generated, Kind.FILE)
    folders = {str(folder) for path in kinds for folder in PurePosixPath(path).parents}
    own = {file.path for file in files}
    for path, content in generated.items():
        parts = path.split("/")
        if path.startswith("/") or any(part in ("", ".", "..") for part in parts):
            raise ScopedImagesError(
                f"generated: must have paths relative to the context's root, without '.' and '..', got {path!r}"
            )
        if not isinstance(content, bytes):
            raise ScopedImagesError(
                f"generated[{path!r}]: must be bytes, got {type(content).__name__}; use text.encode()"
            )
        if path in own or path in folders:
            raise ScopedImagesError(
                f"generated[{path!r}]: the context's root has this path too; rename one of them, or leave the root's out "
                "with its ignore file"
            )
        above = (str(folder) for folder in PurePosixPath(path).parents if str(folder) != ".")
        blocking = next(
            (folder for folder in above if kinds.get(folder, Kind.DIRECTORY) is not Kind.DIRECTORY), None
        )
        if blocking is not None:
            raise ScopedImagesError(
                f"generated[{path!r}]: {blocking!r} is not a folder in the context's root; rename one of them"
            )
