"""What a stack must make before images can be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Repositories and base images that one stack makes and that do not exist yet; renders itself as a sentence."""

    repositories: tuple[str, ...] = ()
    base_images: tuple[str, ...] = ()

    def __add__(self, other: Missing) -> Missing:
        """Return both, each thing once."""
        return Missing(
            repositories=tuple(dict.fromkeys((*self.repositories, *other.repositories))),
            base_images=tuple(dict.fromkeys((*self.base_images, *other.base_images))),
        )

    def __str__(self) -> str:
        """Return `repositories a, b do not exist yet`."""
        repositories = "repository" if len(self.repositories) == 1 else "repositories"
        images = "base image" if len(self.base_images) == 1 else "base images"
        parts = [
            f"{what} {', '.join(names)}"
            for what, names in ((repositories, self.repositories), (images, self.base_images))
            if names
        ]
        verb = "does" if len(self.repositories) + len(self.base_images) == 1 else "do"
        return f"{' and '.join(parts)} {verb} not exist yet"


def add_missing(*found: Mapping[str, Missing]) -> dict[str, Missing]:
    """Return what is missing by stack, from several findings."""
    both: dict[str, Missing] = {}
    for each in found:
        for stack, missing in each.items():
            both[stack] = both.get(stack, Missing()) + missing
    return both
