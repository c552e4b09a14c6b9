"""A folder that a Dockerfile names, as in `--build-context NAME=FOLDER`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from scoped_images.context.compiled_files import compiled_files
from scoped_images.context.control_files import read_folder_ignore_file
from scoped_images.context.copying import write_folder
from scoped_images.context.doubtful_files import doubtful_files
from scoped_images.context.file import ContextFile
from scoped_images.context.folder import existing_folder
from scoped_images.context.selection import select_files, whole_folder
from scoped_images.context.size import SizeLimit, read_files
from scoped_images.dockerfile.sources import ContextSources
from scoped_images.errors import ScopedImagesError


@dataclass(frozen=True, kw_only=True)
class NamedContext:
    """The files that a target reads from one folder, without what the folder's own `.dockerignore` leaves out."""

    root: Path
    files: tuple[ContextFile, ...]
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(
        cls, name: str, directory: str | Path, *, sources: ContextSources | None, limit: SizeLimit
    ) -> NamedContext:
        """Read what `sources` ask for, or the whole folder if they are None; raises ScopedImagesError."""
        limit = replace(limit, context="the folder", ignore_file=".dockerignore")
        try:
            root = existing_folder(directory)
            ignore = read_folder_ignore_file(root)
            selection = select_files(root, sources, ignore) if sources else whole_folder(root, ignore)
            files = read_files(root, selection.lines, limit)
        except ScopedImagesError as error:
            raise ScopedImagesError(f"build_contexts[{name!r}]: {error}") from None
        warnings = (
            *selection.warnings,
            *doubtful_files(file.path for file in files),
            *compiled_files(files, ignore_file=f"{root.name}/.dockerignore"),
        )
        return cls(
            root=root,
            files=files,
            warnings=tuple(f"build_contexts[{name!r}]: {warning}" for warning in warnings),
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over each file's path, kind, executable bit, bytes and link."""
        content = [file.identity() for file in self.files]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def write_into(self, folder: Path) -> Path:
        """Write the files into a cloud assembly, under their fingerprint; return the folder.

        Nothing is added to them: `COPY --from=NAME . .` would copy it too.
        """
        destination = folder / f"scoped-context-{self.fingerprint}"
        write_folder(self.root, self.files, {}, destination, replace=True)
        return destination
