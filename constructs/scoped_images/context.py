"""A build context that holds what one image needs, and nothing else of the repository."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scoped_images.context_file import ContextFile
from scoped_images.errors import ScopedImagesError
from scoped_images.ignore_file import IgnoreFile
from scoped_images.staging import stage


@dataclass(frozen=True, kw_only=True)
class ScopedContext:
    """The files of a build context, with the Dockerfile that reads them.

    root: the folder that the files' paths start from.
    dockerfile: the Dockerfile, wherever it is.
    files: sorted by path.
    """

    root: Path
    dockerfile: Path
    files: tuple[ContextFile, ...]
    dockerfile_bytes: bytes = field(repr=False)

    @classmethod
    def of(cls, directory: str | Path, *, dockerfile: str | Path | None = None) -> ScopedContext:
        """Take one folder as context, less what its ignore file leaves out.

        dockerfile: by default `directory`'s own `Dockerfile`; it may lie anywhere.
        `<Dockerfile>.dockerignore` beside the Dockerfile wins over `directory`'s `.dockerignore`.
        """
        root = Path(directory).absolute()
        if not root.is_dir():
            raise ScopedImagesError(
                f"build context: directory {str(directory)!r} does not exist or is no folder"
            )
        path = Path(dockerfile).absolute() if dockerfile is not None else root / "Dockerfile"
        content = _read_dockerfile(path)
        ignore = IgnoreFile.read(root, path)
        files = tuple(sorted(_walk(root, "", ignore), key=lambda file: file.path.encode()))
        return cls(root=root, dockerfile=path, files=files, dockerfile_bytes=content)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the Dockerfile and each file's path, kind, executable bit, bytes and link target."""
        content = {
            "dockerfile": hashlib.sha256(self.dockerfile_bytes).hexdigest(),
            "files": [file.identity() for file in self.files],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def staged_dockerfile(self) -> str:
        """Name of the Dockerfile in the staged folder: `Dockerfile`, unless the context has files of its own there."""
        taken = {file.path for file in self.files}
        return (
            "Dockerfile.scoped-images" if taken & {"Dockerfile", "Dockerfile.dockerignore"} else "Dockerfile"
        )

    def stage(self, destination: Path) -> None:
        """Copy the context and its Dockerfile to `destination`, so that `docker build` there works.

        What is added to the files (the Dockerfile, its ignore file) is kept out of reach of `COPY . .`.
        """
        added = (self.staged_dockerfile, f"{self.staged_dockerfile}.dockerignore")
        ignore = "".join(f"/{name}\n" for name in added).encode()
        stage(
            self.root, self.files, dict(zip(added, (self.dockerfile_bytes, ignore), strict=True)), destination
        )


def _read_dockerfile(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ScopedImagesError(f"build context: cannot read Dockerfile {path}: {error.strerror}") from error


def _walk(root: Path, folder: str, ignore: IgnoreFile) -> Iterator[ContextFile]:
    try:
        names = sorted(entry.name for entry in (root / folder).iterdir())
    except OSError as error:
        raise ScopedImagesError(f"build context: cannot list {root / folder}: {error.strerror}") from error
    for name in names:
        path = f"{folder}/{name}" if folder else name
        excluded = ignore.excludes(path)
        is_folder = (root / path).is_dir() and not (root / path).is_symlink()
        if is_folder and (not excluded or ignore.may_include_below(path)):
            below = list(_walk(root, path, ignore))
            # An excluded folder is there again when an exception (`!`) brings back something in it.
            if below or not excluded:
                yield ContextFile.read(root, path)
                yield from below
        elif not is_folder and not excluded:
            yield ContextFile.read(root, path)
