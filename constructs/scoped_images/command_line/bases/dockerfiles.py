"""Finds the Dockerfiles of a repository and the external images that they use."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from scoped_images.bases.derived_base import DOCKERFILE as DERIVED_BASE
from scoped_images.context.control_files import read_dockerfile
from scoped_images.context.folder import is_output_folder
from scoped_images.dockerfile.external_images import ExternalImages, every_external_image
from scoped_images.errors import ScopedImagesError

# Where the library itself is; its own Dockerfile is for `derived_images`.
_LIBRARY = Path(__file__).resolve().parents[2]
# Other projects' files. Hidden folders and cloud assemblies, which hold copies, are skipped as well.
_LEFT_OUT = ("node_modules",)


def find_dockerfiles(root: Path) -> tuple[Path, ...]:
    """Return each `Dockerfile` and `*.Dockerfile` below `root`, sorted; raises ScopedImagesError for none."""
    found = []
    for folder, names, files in os.walk(root):
        names[:] = [
            name
            for name in names
            if not name.startswith(".")
            and name not in _LEFT_OUT
            and not _is_copied(Path(folder, name).resolve())
        ]
        found += [
            Path(folder, name) for name in files if name == "Dockerfile" or name.endswith(".Dockerfile")
        ]
    if not found:
        raise ScopedImagesError(
            f"--dockerfile: missing, and no Dockerfile or *.Dockerfile is below {root}; run this in the repository's "
            "root, or name some"
        )
    return tuple(sorted(found))


def _is_copied(folder: Path) -> bool:
    return folder == _LIBRARY or is_output_folder(str(folder))


def images_of(dockerfiles: Iterable[Path], *, build_contexts: Collection[str] = ()) -> ExternalImages:
    """Return the images of all stages of all of them that a lock can pin.

    build_contexts: names in them that are build contexts, not images.
    """
    found = [
        every_external_image(
            read_dockerfile(path, root=Path()), name=str(path), build_contexts=build_contexts
        )
        for path in dockerfiles
    ]
    return ExternalImages(
        # An image that names its digest is pinned already.
        images=tuple(sorted({image for one in found for image in one.images if "@" not in image})),
        warnings=tuple(warning for one in found for warning in one.warnings),
    )


def derived_images() -> tuple[str, ...]:
    """Return the external images in the library's own Dockerfile for derived bases."""
    return images_of([DERIVED_BASE], build_contexts=["source"]).images
