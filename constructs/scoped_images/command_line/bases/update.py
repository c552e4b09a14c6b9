"""`scoped-images bases update`: pins external images to their newest digests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from scoped_images.command_line.bases.dockerfiles import derived_images, find_dockerfiles, images_of
from scoped_images.command_line.options import pairs, progress
from scoped_images.command_line.say import say, warn
from scoped_images.ecr.image_name import ImageName
from scoped_images.upstream.lock import DEFAULT_LOCK, ImagesLock
from scoped_images.upstream.lock_update import Change, changes, look_up
from scoped_images.upstream.mirrors import expect_mirrors, mirror_of
from scoped_images.upstream.registry import Registry

_SHOWN = len("sha256:") + 12


def update(
    *,
    lock: Annotated[Path, typer.Option(metavar="PATH", help="The lock file.")] = DEFAULT_LOCK,
    dockerfile: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="Read only this one, and keep the entries of others. May be repeated.",
            show_default="every Dockerfile and *.Dockerfile below this folder",
        ),
    ] = None,
    build_context: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A name that is a build context and not an image. May be repeated."
        ),
    ] = None,
    derived: Annotated[
        bool,
        typer.Option(
            "--derived",
            help="Also pin the images that derived bases are built from. Once in the lock, they stay pinned.",
        ),
    ] = False,
    public_image: Annotated[
        list[str] | None,
        typer.Option(metavar="IMAGE", help="Also pin this public_image= of derived bases. May be repeated."),
    ] = None,
    mirror: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REGISTRY=MIRROR", help="Ask the mirror in place of the registry. May be repeated."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if anything would change.")
    ] = False,
) -> None:
    """Look up the newest digest of each external image, show what changed, and rewrite the lock.

    It reads the images of every stage, with each ARG at its default.
    Without --dockerfile it drops entries that no Dockerfile uses.
    If one look-up fails, the lock does not change.
    """
    mirrors = expect_mirrors(pairs("--mirror", "REGISTRY=MIRROR", mirror or ()))
    old = ImagesLock.read(lock)
    found = images_of(dockerfile or find_dockerfiles(Path()), build_contexts=build_context or ())
    images = {
        *found.images,
        *(public_image or ()),
        *(image for image in derived_images() if derived or image in old.images),
    }
    for warning in found.warnings:
        warn(warning)
    with progress(f"Asking registries for {_counted(images)}"):
        asked = look_up(images, lambda image: Registry().digest(_place(mirrors, image)))
    new = ImagesLock(images={**old.images, **asked.images}) if dockerfile else asked
    moved = changes(old, new)
    for change in moved:
        say(_line(change, width=max(len(one.image) for one in moved)))
    if moved and not check:
        new.write(lock)
    done = f"{lock} {'would be' if check else 'is'} rewritten" if moved else f"{lock} is up to date"
    say(f"{_counted(images)}, {len(moved)} changed: {done}")
    if moved and check:
        raise typer.Exit(1)


def _counted(images: set[str]) -> str:
    return f"{len(images)} image{'' if len(images) == 1 else 's'}"


def _place(mirrors: Mapping[str, str], image: str) -> str:
    name = ImageName.parse(image)
    mirrored = mirror_of(name, mirrors)
    return f"{mirrored}:{name.tag}" if mirrored else image


def _line(change: Change, *, width: int) -> str:
    old = change.old[:_SHOWN] if change.old else "not pinned"
    new = change.new[:_SHOWN] if change.new else "dropped, no Dockerfile uses it"
    return f"{change.image.ljust(width)}  {old.ljust(_SHOWN)} → {new}"
