"""Marks that roll the dependents of a static base image forward: `dockerfiles/bases.lock`."""

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
    """What digest `stable` of each base image was when somebody last asked.

    marks: `{"dev": {"receipt-dynamo": "sha256:<64 hex>"}}`, by environment and base. A dependent's fingerprint counts
        the mark in place of the base's content, so that it changes when the mark does, and then only.
    """

    marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for environment, bases in self.marks.items():
            if not isinstance(bases, Mapping):
                raise ScopedImagesError(
                    f"{environment!r} of the refresh marks is {bases!r}, and takes an object of digests by base image"
                )
            for base, mark in bases.items():
                if not is_digest(mark):
                    raise ScopedImagesError(
                        f"{environment!r} of the refresh marks has {mark!r} for {base!r}, and takes 'sha256:' and 64 "
                        f"hex digits; run scoped-images bases refresh {base} --env {environment}"
                    )

    @classmethod
    def read(cls, path: str | Path = DEFAULT_MARKS) -> RefreshMarks:
        """Read the marks; without a file there are none. Raises ScopedImagesError that names the file."""
        marks = read_json(Path(path))
        try:
            return cls(marks=marks or {})
        except ScopedImagesError as error:
            raise ScopedImagesError(f"{path}: {error}") from None

    def of(self, environment: str, base: str) -> str | None:
        """The mark of a base image, or None for one that was never refreshed."""
        return self.marks.get(environment, {}).get(base)

    def having(self, environment: str, base: str, digest: str) -> RefreshMarks:
        """These marks with one set."""
        bases = {**self.marks.get(environment, {}), base: digest}
        return RefreshMarks(marks={**self.marks, environment: bases})

    def write(self, path: str | Path) -> None:
        """Write them sorted, one base a line, in place of what is there."""
        write_json(Path(path), {name: dict(bases) for name, bases in self.marks.items()})
