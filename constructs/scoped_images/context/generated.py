"""Checks the generated files of a build context, which synth makes and no folder holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from scoped_images.context.file import ContextFile, Kind
from scoped_images.errors import ScopedImagesError


def refuse_wrong_generated(generated: Mapping[str, bytes], files: Sequence[ContextFile]) -> None:
    """Raise ScopedImagesError for paths that are not plain, or that another file of the context has or blocks."""
    if not generated:
        return
    own = {file.path for file in files}
    no_folders = {file.path for file in files if file.kind is not Kind.DIRECTORY} | generated.keys()
    for path, content in generated.items():
        if path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")):
            raise ScopedImagesError(
                f"generated: must have paths relative to the context's root, without '.' and '..', got {path!r}"
            )
        if not isinstance(content, bytes):
            raise ScopedImagesError(
                f"generated[{path!r}]: must be bytes, got {type(content).__name__}; use text.encode()"
            )
        if path in own:
            raise ScopedImagesError(
                f"generated[{path!r}]: the context's root has this path too; rename one of them, or leave the root's out "
                "with its ignore file"
            )
        blocking = next(
            (str(folder) for folder in PurePosixPath(path).parents if str(folder) in no_folders), None
        )
        if blocking is not None:
            raise ScopedImagesError(
                f"generated[{path!r}]: {blocking!r} is not a folder in the context's root; rename one of them"
            )
