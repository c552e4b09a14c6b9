"""Specs of images for these tests."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.image.build_options import BuildOptions
from scoped_images.image.spec import ImageSpec
from scoped_images.platform import Platform


def spec_of(folder: Path, dockerfile: str, **changes: Any) -> ImageSpec:
    """Return the spec of a Dockerfile that is written into a folder, which is the context."""
    (folder / "Dockerfile").write_text(dockerfile)
    return spec(ScopedContext.of(folder), **changes)


def spec(context: ScopedContext, **changes: Any) -> ImageSpec:
    """changes: of the spec, and of its options."""
    names = {field.name for field in fields(BuildOptions)}
    options = BuildOptions(**{name: changes.pop(name) for name in names & changes.keys()})
    return ImageSpec(**{"context": context, "platform": Platform.LINUX_AMD64, "options": options, **changes})
