"""The ways to make a context of a folder that has a Dockerfile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.platform import Platform

Way = Callable[[Path], ScopedContext]


def of(root: Path) -> ScopedContext:
    return ScopedContext.of(root)


def found_by(root: Path) -> ScopedContext:
    return ScopedContext.from_dockerfile(root, platform=Platform.LINUX_AMD64)


def whole(root: Path) -> ScopedContext:
    return ScopedContext.repository(root, platform=Platform.LINUX_AMD64)


WAYS = (of, found_by, whole)
