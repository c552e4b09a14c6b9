"""Compares an image whose context is the whole repository with the next rung of the ladder.

Rung 1 is the whole repository without a registry cache, rung 2 the same with one, rung 3 a scoped context.
"""

from __future__ import annotations

from dataclasses import dataclass

from scoped_images.context.request import ContextRequest
from scoped_images.context.size import file_size, readable
from scoped_images.errors import ScopedImagesError


@dataclass(frozen=True, kw_only=True)
class WholeRepository:
    """How much of the whole root a Dockerfile reads.

    dockerfile: as messages call it. size: bytes of the whole context.
    scoped_size: bytes that ScopedContext.from_dockerfile would take; None if that fails, and `problem` says why.
    """

    dockerfile: str
    size: int
    scoped_size: int | None
    problem: str = ""

    @classmethod
    def compare(cls, request: ContextRequest, *, size: int) -> WholeRepository:
        """Find the files that the Dockerfile reads, without reading them."""
        try:
            selected = request.select(request.sources()).lines
        except ScopedImagesError as error:
            return cls(dockerfile=request.name, size=size, scoped_size=None, problem=str(error))
        scoped = sum(file_size(f"{request.root}/{path}") for path in selected)
        return cls(dockerfile=request.name, size=size, scoped_size=scoped)

    @property
    def warning(self) -> str:
        """What the scoped context would save, in bytes."""
        taken = f"{self.dockerfile}: the context is the whole repository, {readable(self.size)}"
        if self.scoped_size is None:
            return f"{taken}. ScopedContext.from_dockerfile (rung 3) cannot replace it yet: {self.problem}"
        if self.scoped_size >= self.size:
            return f"{taken}, and the Dockerfile reads all of it: narrow its COPY lines before rung 3 saves anything"
        return (
            f"{taken}, of which the Dockerfile reads {readable(self.scoped_size)}. "
            "ScopedContext.from_dockerfile (rung 3) "
            f"saves {readable(self.size - self.scoped_size)}, and rebuilds only for those files"
        )


def registry_cache_warning(whole: WholeRepository | None, *, has_cache: bool) -> str | None:
    """Return what rung 2 would save, or None for a scoped context and with a registry cache."""
    if whole is None or has_cache:
        return None
    return (
        f"{whole.dockerfile}: the whole repository, {readable(whole.size)}, is built without a registry cache (rung 1): "
        "each machine runs every step anew. With repository=, the build keeps its cache there (rung 2)"
    )
