"""The lock file that pins upstream images to digests: `dockerfiles/images.lock`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scoped_images.ecr.image_name import ImageName, is_digest
from scoped_images.errors import ScopedImagesError
from scoped_images.json_file import read_json, write_json

DEFAULT_LOCK = Path("dockerfiles/images.lock")


@dataclass(frozen=True, kw_only=True)
class ImagesLock:
    """Digests by image.

    images: `sha256:<64 hex>` of the image index, which stands for every platform, by the image's name as
        BuildKit knows it: `public.ecr.aws/lambda/python:3.13`, `python:3.13` for `docker.io/library/python:3.13`.
    """

    images: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, digest in self.images.items():
            image = ImageName.parse(name)
            if image.digest:
                raise ScopedImagesError(
                    f"images[{name!r}] of the images lock is pinned by its own name; remove the entry"
                )
            if image.familiar != name:
                raise ScopedImagesError(
                    f"images[{name!r}] of the images lock is not in the short form: write {image.familiar!r}"
                )
            if not is_digest(digest):
                raise ScopedImagesError(
                    f"images[{name!r}] of the images lock is {digest!r}, and takes 'sha256:' and 64 hex digits; "
                    "run scoped-images bases update"
                )

    @classmethod
    def read(cls, path: str | Path = DEFAULT_LOCK) -> ImagesLock:
        """Read a lock file; one that is not there pins nothing. Raises ScopedImagesError that names the file."""
        content = read_json(Path(path))
        if content is None:
            return cls()
        images = content.get("images")
        if not isinstance(images, dict) or set(content) != {"images"}:
            raise ScopedImagesError(
                f"{path} takes one key, 'images', with digests by image, and has: {', '.join(content) or 'none'}"
            )
        try:
            return cls(images=images)
        except ScopedImagesError as error:
            raise ScopedImagesError(f"{path}: {error}") from None

    def write(self, path: str | Path) -> None:
        """Write it sorted, one image a line, in place of what is there."""
        write_json(Path(path), {"images": dict(self.images)})
