"""A folder that a Dockerfile knows under a name of its own, by `--build-context`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from scoped_images.context.copying import stage
from scoped_images.context.file import ContextFile
from scoped_images.context.folder import existing_folder, whole_folder
from scoped_images.context.ignore_file import read_folder_ignore_file
from scoped_images.context.size import SizeLimit, read_files
from scoped_images.errors import ScopedImagesError


@dataclass(frozen=True, kw_only=True)
class NamedContext:
    """The files of one folder, less what its own `.dockerignore` leaves out: the Dockerfile's does not speak of it."""

    root: Path
    files: tuple[ContextFile, ...]

    @classmethod
    def read(cls, name: str, directory: str | Path, *, dockerfile: str, max_bytes: int) -> NamedContext:
        """Read a folder whole: what a stage copies of it is not looked into."""
        try:
            root = existing_folder(directory)
            files = read_files(
                root,
                [(path, ()) for path in whole_folder(root, read_folder_ignore_file(root))],
                SizeLimit(
                    max_bytes=max_bytes,
                    context="the folder",
                    ignore_file=".dockerignore",
                    dockerfile=dockerfile,
                ),
            )
        except ScopedImagesError as error:
            raise ScopedImagesError(f"build_contexts[{name!r}]: {error}") from None
        return cls(root=root, files=files)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over each file's path, kind, executable bit, bytes and link."""
        content = [file.identity() for file in self.files]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def stage(self, destination: Path) -> None:
        """Copy the files to `destination`, and nothing beside them: `COPY --from=NAME . .` would copy it, too."""
        stage(self.root, self.files, {}, destination)
