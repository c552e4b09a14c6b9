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

    images: `sha256:<64 hex>` of the image index, which covers every platform, by the image's name in BuildKit's
        short form: `public.ecr.aws/lambda/python:3.13`, `python:3.13` for `docker.io/library/python:3.13`.
    """

    images: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, digest in self.images.items():
            image = ImageName.parse(name)
            if image.digest:
                raise ScopedImagesError(
                    f"images: the name is already pinned by its digest, got {name!r}; remove the entry"
                )
            if image.familiar != name:
                raise ScopedImagesError(
                    f"images: the name is not in its short form, got {name!r}; write {image.familiar!r}"
                )
            if not is_digest(digest):
                raise ScopedImagesError(
                    f"images[{name!r}]: must be 'sha256:' and 64 hex digits, got {digest!r}; "
                    "run scoped-images bases update"
                )

    @classmethod
    def read(cls, path: str | Path = DEFAULT_LOCK) -> ImagesLock:
        """Read a lock file. If it does not exist, nothing is pinned. Raises ScopedImagesError that names the file."""
        content = read_json(Path(path))
        if content is None:
            return cls()
        images = content.get("images")
        if not isinstance(images, dict) or set(content) != {"images"}:
            raise ScopedImagesError(
                f"{path}: must have one key, 'images', with digests by image, got {', '.join(content) or 'no key'}"
            )
        try:
            return cls(images=images)
        except ScopedImagesError as error:
            raise ScopedImagesError(f"{path}: {error}") from None

    def write(self, path: str | Path) -> None:
        """Replace the file; images are sorted, one on each line."""
        write_json(Path(path), {"images": dict(self.images)})
