"""Looks up every image and compares the result with the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from scoped_images.errors import ScopedImagesError
from scoped_images.upstream.lock import ImagesLock

_THREADS = 8


@dataclass(frozen=True, kw_only=True)
class Change:
    """One entry that changes. old: None if it is new. new: None if it is removed."""

    image: str
    old: str | None
    new: str | None


def look_up(images: Iterable[str], digest: Callable[[str], str]) -> ImagesLock:
    """Look up the digest of each image. Raises one ScopedImagesError that names every failure."""
    names = sorted(set(images))

    def ask(image: str) -> str | ScopedImagesError:
        try:
            return digest(image)
        except ScopedImagesError as error:
            return error

    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(ask, names))
    failures = {
        image: str(answer)
        for image, answer in zip(names, answers, strict=True)
        if isinstance(answer, ScopedImagesError)
    }
    if failures:
        raise ScopedImagesError(
            f"{'; '.join(failures.values())}; the lock file is unchanged{_hint(failures)}"
        )
    return ImagesLock(images={image: str(answer) for image, answer in zip(names, answers, strict=True)})


def changes(old: ImagesLock, new: ImagesLock) -> tuple[Change, ...]:
    """Return what differs, sorted by image."""
    return tuple(
        Change(image=image, old=old.images.get(image), new=new.images.get(image))
        for image in sorted({*old.images, *new.images})
        if old.images.get(image) != new.images.get(image)
    )


def _hint(failed: Iterable[str]) -> str:
    """Suggest an option: a bare word is usually a build context, and a Dockerfile does not say."""
    words = [image for image in failed if "/" not in image and ":" not in image]
    options = " ".join(f"--build-context {word}" for word in words)
    return f"; if {' and '.join(words)} is the name of a build context, add {options}" if words else ""
