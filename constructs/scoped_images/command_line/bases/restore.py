"""`scoped-images bases restore`: puts back a tag that was deleted by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from scoped_images.command_line.bases.base_repository import BaseRepository
from scoped_images.command_line.options import BaseName, BaseRepositoryName, Region
from scoped_images.command_line.say import say
from scoped_images.ecr.tags import STABLE, is_content_tag
from scoped_images.errors import ScopedImagesError


def restore(
    name: BaseName,
    *,
    env: Annotated[str, typer.Option(metavar="ENV", help="The environment whose tag is missing.")],
    tag: Annotated[str, typer.Option(metavar="TAG", help="The tag: stable, or git-….")] = STABLE,
    content: Annotated[
        str | None,
        typer.Option(
            metavar="TAG",
            help="The sha-… of its image: the output Uri of the base's stack.",
            show_default="the newest image's; required for git-…",
        ),
    ] = None,
    region: Region = None,
    repository: BaseRepositoryName = None,
) -> None:
    """Put a deleted moving tag of a base image back.

    The next deploy pushes a missing content tag by itself.
    For an index of several platforms, pass it -c scoped-images:again=1.
    """
    if is_content_tag(tag):
        raise ScopedImagesError(
            f"--tag: must not be a content tag, got {tag!r}; the next deploy pushes it again, an index over several "
            "platforms with -c scoped-images:again=1"
        )
    if tag != STABLE and content is None:
        raise ScopedImagesError(
            f"--tag: belongs to one image, not necessarily the newest, got {tag!r}; pass --content sha-…, the output "
            "Uri of the base image's stack"
        )
    held = BaseRepository(repository or f"base-{name}-{env}", region=region, env=env)
    there = held.digest(tag)
    if there is not None:
        say(f"nothing to restore: {tag} of {held.name} is {there}")
        return
    digest, names = (held.expect_digest(content), content) if content else _newest(held)
    held.put_tag(digest, tag)
    say(f"{tag} of {held.name} is {digest} again, which is {names}")


def _newest(held: BaseRepository) -> tuple[str, str]:
    """Return digest and tags of the newest image. If it is in an index, return the index."""
    images = [
        image for image in held.images() if any(is_content_tag(each) for each in image.get("imageTags", []))
    ]
    if not images:
        raise held.without("sha-…")
    below = set().union(*(held.children(image) for image in images))
    images = [image for image in images if image["imageDigest"] not in below]
    newest = max(images, key=lambda image: image["imagePushedAt"])
    return newest["imageDigest"], ", ".join(newest["imageTags"])
