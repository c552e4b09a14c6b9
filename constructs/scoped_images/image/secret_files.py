"""Checks that the file of a build secret is not in a build context, which ends up in the assembly and the image."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError


def refuse_secrets_in_context(build_secrets: Mapping[str, str], context: ScopedContext) -> None:
    """Raise if the context, or a named one, holds the file of a secret."""
    for name, value in build_secrets.items():
        kind, _, place = value.partition("=")
        if kind != "src":
            continue
        path = Path(os.path.realpath(Path(place).expanduser()))
        for root, files in (
            (context.root, context.files),
            *((each.root, each.files) for each in context.named.values()),
        ):
            if path.is_relative_to(root) and path.relative_to(root).as_posix() in {
                file.path for file in files
            }:
                raise ScopedImagesError(
                    f"build_secrets[{name!r}]: {path} is in the build context of {context.dockerfile.name} too, so the "
                    f"image would hold the secret; name it in the ignore file of {root}"
                )
