"""Generates a repository: small services beside gigabytes that no image reads."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

HAND_WRITTEN_IGNORE_FILE = ".git\ndata\nnode_modules\nfolders\n"

_FILES_PER_SERVICE = 20
_SHARED_FILES = 30
_SOURCE_BYTES = 2_000
_DATA_FILES = 30


@dataclass(frozen=True)
class Repository:
    """A repository below `root`, of which each service's Dockerfile reads its own folder and a shared package."""

    root: Path
    # Random bytes do not compress. They are written again and again, because making them is slow.
    _block: bytes = field(init=False, repr=False, default_factory=lambda: os.urandom(1_000_000))

    @staticmethod
    def dockerfile(service: int) -> str:
        """Return the path of a service's Dockerfile, whose context is the root."""
        return f"dockerfiles/service-{service:03}.Dockerfile"

    @staticmethod
    def folder(service: int) -> str:
        """Return the path of a folder with a Dockerfile and the files that it reads."""
        return f"folders/service-{service:03}"

    def generate_services(self, count: int) -> None:
        """Write the sources of the images, unless they exist."""
        for number in range(_SHARED_FILES):
            self._write(f"packages/shared/module_{number}.py", _SOURCE_BYTES)
        for service in range(count):
            folder = self.folder(service)
            for number in range(_FILES_PER_SERVICE):
                self._write(f"services/service-{service:03}/module_{number}.py", _SOURCE_BYTES)
                self._write(f"{folder}/app/module_{number}.py", _SOURCE_BYTES)
            for number in range(_SHARED_FILES):
                self._write(f"{folder}/shared/module_{number}.py", _SOURCE_BYTES)
            self._text(f"{folder}/Dockerfile", "FROM scratch\nCOPY shared /opt/shared\nCOPY app /app\n")
            self._text(
                self.dockerfile(service),
                f"FROM scratch\nCOPY packages/shared /opt/shared\nCOPY services/service-{service:03} /app\n",
            )

    def generate_rest(self, *, files: int, size: int) -> None:
        """Add files that no image reads, up to so many files and so many bytes in all."""
        for number in range(files - _DATA_FILES):
            self._write(f"node_modules/package-{number // 50}/file-{number % 50}.js", _SOURCE_BYTES)
        large = (size - (files - _DATA_FILES) * _SOURCE_BYTES) // _DATA_FILES
        for number in range(_DATA_FILES):
            self._write(f"data/table-{number}.parquet", max(large, _SOURCE_BYTES))
        # Otherwise the disk is still busy while synth writes.
        os.sync()

    def ignore(self, text: str | None) -> None:
        """Write the root's ignore file, or remove it."""
        path = self.root / ".dockerignore"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)

    def _text(self, path: str, text: str) -> None:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)

    def _write(self, path: str, size: int) -> None:
        full = self.root / path
        if full.exists() and full.stat().st_size == size:
            return
        full.parent.mkdir(parents=True, exist_ok=True)
        name = path.encode()  # no two files alike
        with full.open("wb") as stream:
            stream.write(name)
            left = size - len(name)
            while left > 0:
                left -= stream.write(self._block[:left])


def size_of(folder: Path) -> int:
    """Return the bytes of the files below a folder."""
    return sum(Path(top, name).stat().st_size for top, _, names in os.walk(folder) for name in names)
