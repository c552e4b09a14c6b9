"""An app's pins and mirrors of external images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from scoped_images.ecr.image_name import ImageName
from scoped_images.errors import ScopedImagesError
from scoped_images.upstream.lock import ImagesLock
from scoped_images.upstream.mirrors import expect_mirrors, mirror_of


@dataclass(frozen=True, kw_only=True)
class UpstreamImages:
    """Pins and mirrors. Images are named as in Dockerfiles, or in the short form of ExternalImages.

    lock: the pins, such as ImagesLock.read() for `dockerfiles/images.lock`. Defaults to no pins.
    mirrors: a registry and folder by registry, `{"public.ecr.aws": "<host>/ecr-public"}`. Defaults to no mirrors.
    require_pins: whether synth fails if an external image is not pinned by a digest. Defaults to a warning.
    """

    lock: ImagesLock = field(default_factory=ImagesLock)
    mirrors: Mapping[str, str] = field(default_factory=dict)
    require_pins: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.lock, ImagesLock):
            raise ScopedImagesError(
                f"lock: must be an ImagesLock, got {self.lock!r}; use ImagesLock.read({str(self.lock)!r})"
            )
        expect_mirrors(self.mirrors)

    def requiring_pins(self) -> UpstreamImages:
        """Return these pins and mirrors, with `require_pins`."""
        return replace(self, require_pins=True)

    @property
    def in_use(self) -> bool:
        """Whether any image is pinned or mirrored. If not, no Dockerfile needs to be read."""
        return bool(self.lock.images or self.mirrors or self.require_pins)

    def context_for(self, image: str) -> str | None:
        """Return the build context that replaces the image, `docker-image://<ref>`, or None if nothing replaces it."""
        name = ImageName.parse(image)
        digest = self.digest(image)
        mirror = mirror_of(name, self.mirrors)
        if mirror is None and (digest is None or name.digest):
            return None
        version = f"@{digest}" if digest else f":{name.tag}"
        return f"docker-image://{mirror or name.repository}{version}"

    def digest(self, image: str) -> str | None:
        """Return the digest in the image's name or in the lock, or None if the image is not pinned."""
        name = ImageName.parse(image)
        return name.digest or self.lock.images.get(name.familiar)

    def identity(self, image: str) -> str:
        """Return what a fingerprint covers: the image and its pin, without the mirror, which serves the same image."""
        name = ImageName.parse(image)
        digest = self.digest(image)
        return f"{name.repository}@{digest}" if digest else name.familiar

    def unpinned(self, images: Iterable[str]) -> tuple[str, ...]:
        """Return the images that are not pinned."""
        return tuple(image for image in images if self.digest(image) is None)
