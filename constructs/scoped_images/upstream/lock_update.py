"""What a look-up of every image changes in the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from scoped_images.errors import ScopedImagesError
from scoped_images.upstream.lock import ImagesLock

_THREADS = 8


@dataclass(frozen=True, kw_only=True)
class Change:
    """One entry that moves. old: None for a new one. new: None for one that goes."""

    image: str
    old: str | None
    new: str | None


def look_up(images: Iterable[str], digest: Callable[[str], str]) -> ImagesLock:
    """Ask for the digest of each image; raises ScopedImagesError with all that failed, if any did."""
    wanted = sorted(set(images))

    def ask(image: str) -> str | ScopedImagesError:
        try:
            return digest(image)
        except ScopedImagesError as error:
            return error

    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(ask, wanted))
    failures = {
        image: str(answer)
        for image, answer in zip(wanted, answers, strict=True)
        if isinstance(answer, ScopedImagesError)
    }
    if failures:
        raise ScopedImagesError(
            f"{'; '.join(failures.values())}; the lock is left as it was{_hint(failures)}"
        )
    return ImagesLock(images={image: str(answer) for image, answer in zip(wanted, answers, strict=True)})


def changes(old: ImagesLock, new: ImagesLock) -> tuple[Change, ...]:
    """Return what differs, sorted by image."""
    return tuple(
        Change(image=image, old=old.images.get(image), new=new.images.get(image))
        for image in sorted({*old.images, *new.images})
        if old.images.get(image) != new.images.get(image)
    )


def _hint(failed: Iterable[str]) -> str:
    """A bare word is a folder's name more often than an image of Docker Hub, and a Dockerfile does not tell."""
    words = [image for image in failed if "/" not in image and ":" not in image]
    options = " ".join(f"--build-context {word}" for word in words)
    return f"; if {' and '.join(words)} is the name of a build context, add {options}" if words else ""
