"""Reads and writes the marks that rebuild the dependents of a static base image: `dockerfiles/bases.lock`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scoped_images.ecr.image_name import is_digest
from scoped_images.errors import ScopedImagesError
from scoped_images.json_file import read_json, write_json

DEFAULT_MARKS = Path("dockerfiles/bases.lock")


@dataclass(frozen=True, kw_only=True)
class RefreshMarks:
    """The digest of each base image's `stable` tag at the last refresh.

    marks: `{"dev": {"receipt-dynamo": "sha256:<64 hex>"}}`, by environment and base. A dependent's fingerprint covers
        the mark instead of the base's content, so it changes only with the mark.
    """

    marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for environment, bases in self.marks.items():
            if not isinstance(bases, Mapping):
                raise ScopedImagesError(
                    f"marks[{environment!r}]: must be an object of digests by base image, got {bases!r}; restore an "
                    "earlier version of the file"
                )
            for base, mark in bases.items():
                if not is_digest(mark):
                    raise ScopedImagesError(
                        f"marks[{environment!r}][{base!r}]: must be 'sha256:' and 64 hex digits, got {mark!r}; remove "
                        f"the mark, and run scoped-images bases refresh {base} --env {environment}"
                    )

    @classmethod
    def read(cls, path: str | Path = DEFAULT_MARKS) -> RefreshMarks:
        """Read the marks; a missing file means no marks. Raises ScopedImagesError, which names the file."""
        marks = read_json(Path(path))
        try:
            return cls(marks=marks or {})
        except ScopedImagesError as error:
            raise ScopedImagesError(f"{path}: {error}") from None

    def of(self, environment: str, base: str) -> str | None:
        """Return the mark of a base image, or None if it was never refreshed."""
        return self.marks.get(environment, {}).get(base)

    def having(self, environment: str, base: str, digest: str) -> RefreshMarks:
        """Return these marks with one changed."""
        bases = {**self.marks.get(environment, {}), base: digest}
        return RefreshMarks(marks={**self.marks, environment: bases})

    def write(self, path: str | Path) -> None:
        """Replace the file with these marks, sorted, one base a line."""
        write_json(Path(path), {name: dict(bases) for name, bases in self.marks.items()})
