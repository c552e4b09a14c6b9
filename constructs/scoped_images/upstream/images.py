"""What images by others are pinned to, and where they are pulled from: the settings of an app."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from scoped_images.ecr.image_name import ImageName
from scoped_images.errors import ScopedImagesError
from scoped_images.upstream.lock import ImagesLock
from scoped_images.upstream.mirrors import Mirrors


@dataclass(frozen=True, kw_only=True)
class UpstreamImages:
    """Pins and mirrors. Images are named as in Dockerfiles, or in the short form of ExternalImages.

    lock: by default nothing is pinned. ImagesLock.read() takes `dockerfiles/images.lock`.
    mirrors: registry and folder by registry, `{"public.ecr.aws": "<host>/ecr-public"}`; by default none.
    require_pins: whether synth fails if an external image is not pinned by a digest. Defaults to a warning.
    """

    lock: ImagesLock = field(default_factory=ImagesLock)
    mirrors: Mapping[str, str] = field(default_factory=dict)
    require_pins: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.lock, ImagesLock):
            raise ScopedImagesError(
                f"lock of the upstream images is {self.lock!r}, and takes an ImagesLock: "
                f"ImagesLock.read({str(self.lock)!r})"
            )
        Mirrors(places=self.mirrors)

    def requiring_pins(self) -> UpstreamImages:
        """Return these pins and mirrors, with `require_pins`."""
        return replace(self, require_pins=True)

    def check_pins(self, images: Iterable[str], *, where: str) -> None:
        """Raise if pins are required and an image has none. where: what names the images, for the message."""
        missing = [image for image in images if self.digest(image) is None] if self.require_pins else []
        if missing:
            raise ScopedImagesError(
                f"require_pins: {where} uses {', '.join(missing)} without a digest; run scoped-images bases update, with "
                "--derived for a derived base image, and commit the lock file"
            )

    @property
    def in_use(self) -> bool:
        """Whether any image is pinned or mirrored. If not, no Dockerfile has to be followed."""
        return bool(self.lock.images or self.mirrors or self.require_pins)

    def context_for(self, image: str) -> str | None:
        """The build context that takes the image's place, `docker-image://<ref>`; None where nothing is to change."""
        name = ImageName.parse(image)
        digest = self.digest(image)
        mirror = Mirrors(places=self.mirrors).reference(name)
        if mirror is None and (digest is None or name.digest):
            return None
        version = f"@{digest}" if digest else f":{name.tag}"
        return f"docker-image://{mirror or name.repository}{version}"

    def digest(self, image: str) -> str | None:
        """The digest that the image is pinned to, by its own name or the lock; None where it is not."""
        name = ImageName.parse(image)
        return name.digest or self.lock.images.get(name.familiar)

    def identity(self, image: str) -> str:
        """What a fingerprint counts: the image with its pin. Not the mirror: through it comes the same image."""
        name = ImageName.parse(image)
        digest = self.digest(image)
        return f"{name.repository}@{digest}" if digest else name.familiar

    def warnings(self, images: Iterable[str]) -> tuple[str, ...]:
        """Tell which images may change without a trace."""
        return tuple(
            f"{image} is not pinned: upstream changes are not seen, and no image is rebuilt for them; run "
            "scoped-images bases update, with --derived for a derived base image"
            for image in images
            if self.digest(image) is None
        )
