"""Finds the program that reads a Dockerfile: BuildKit's own, or an image that the file or a build argument names."""

from __future__ import annotations

from collections.abc import Mapping

from scoped_images.ecr.image_name import DOCKER_HUB, ImageName
from scoped_images.errors import ScopedImagesError

# https://hub.docker.com/r/docker/dockerfile and its builds of the main branch
_DOCKERS_OWN = ("docker/dockerfile", "docker/dockerfile-upstream")
# It wins over the directive.
_ARGUMENT = "BUILDKIT_SYNTAX"


def foreign_frontend(syntax: str, build_args: Mapping[str, str | None]) -> str:
    """Return what names a frontend that is not Docker's, or an empty string if Docker's own reads the file.

    syntax: what the Dockerfile's `# syntax=` directive names.
    """
    given = build_args.get(_ARGUMENT)
    if given is not None:
        image = given.strip().partition(" ")[0]
        return "" if is_dockers(image) else f"build_args[{_ARGUMENT!r}]={image}"
    return "" if not syntax or is_dockers(syntax) else f"# syntax={syntax}"


def is_dockers(image: str) -> bool:
    """Return whether an image is Docker's frontend on Docker Hub."""
    try:
        name = ImageName.parse(image)
    except ScopedImagesError:
        return False
    return name.registry == DOCKER_HUB and name.path in _DOCKERS_OWN
