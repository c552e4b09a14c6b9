"""A folder that a Dockerfile knows under a name of its own, by `--build-context`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from scoped_images.context_file import ContextFile
from scoped_images.context_size import SizeLimit, read_files
from scoped_images.errors import ScopedImagesError
from scoped_images.folder import existing_folder, whole_folder
from scoped_images.ignore_file import IgnoreFile
from scoped_images.staging import stage


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
                [(path, ()) for path in whole_folder(root, _own_ignore_file(root))],
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


def _own_ignore_file(root: Path) -> IgnoreFile:
    path = root / ".dockerignore"
    try:
        return IgnoreFile.parse(path.read_bytes())
    except (FileNotFoundError, IsADirectoryError):
        return IgnoreFile()
    except OSError as error:
        raise ScopedImagesError(f"ignore file: cannot read {path}: {error.strerror}") from error
