"""A folder that a Dockerfile knows under a name of its own, by `--build-context`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from scoped_images.context.copying import write_folder
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
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(cls, name: str, directory: str | Path, *, dockerfile: str, max_bytes: int) -> NamedContext:
        """Read a folder whole: what a stage copies of it is not looked into."""
        try:
            root = existing_folder(directory)
            folder = whole_folder(root, read_folder_ignore_file(root))
            files = read_files(
                root,
                [(path, ()) for path in folder.paths],
                SizeLimit(
                    max_bytes=max_bytes,
                    context="the folder",
                    ignore_file=".dockerignore",
                    dockerfile=dockerfile,
                ),
            )
        except ScopedImagesError as error:
            raise ScopedImagesError(f"build_contexts[{name!r}]: {error}") from None
        return cls(
            root=root, files=files, warnings=tuple(f"{name}: {warning}" for warning in folder.warnings)
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 over each file's path, kind, executable bit, bytes and link."""
        content = [file.identity() for file in self.files]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def write(self, destination: Path) -> None:
        """Write the files to `destination`, and nothing beside them: `COPY --from=NAME . .` would copy it, too."""
        write_folder(self.root, self.files, {}, destination)

    def write_into(self, folder: Path) -> Path:
        """Write the files into a cloud assembly, under their fingerprint; return the folder."""
        destination = folder / f"scoped-context-{self.fingerprint}"
        write_folder(self.root, self.files, {}, destination, replace=True)
        return destination
