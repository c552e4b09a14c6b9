"""The entries of a context in the order of a walk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scoped_images.context.file import ContextFile, Kind
from scoped_images.context.generated import generated_file
from scoped_images.errors import ScopedImagesError


def in_tree_order(files: Iterable[ContextFile], extra: Mapping[str, bytes]) -> dict[str, ContextFile]:
    """Return every entry by its path, each folder just before what is in it; raises for a file below a link or file."""
    found = {file.path: file for file in files} | {
        path: generated_file(path, content) for path, content in extra.items()
    }
    for path in list(found):
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found[folder] = ContextFile(path=folder, kind=Kind.DIRECTORY)
            folder = folder.rpartition("/")[0]
        if folder and found[folder].kind is not Kind.DIRECTORY:
            raise ScopedImagesError(
                f"build context: {path!r} is below the {found[folder].kind} {folder!r}, which has no files"
            )
    return {path: found[path] for path in sorted(found, key=lambda path: path.split("/"))}
