"""`scoped-images bases refresh`: rolls the dependents of a static base image forward."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scoped_images.bases.refresh_marks import DEFAULT_MARKS, RefreshMarks
from scoped_images.command_line.bases.base_repository import BaseRepository
from scoped_images.command_line.options import BaseName, BaseRepositoryName, Region
from scoped_images.command_line.say import say
from scoped_images.ecr.tags import STABLE


def refresh(
    name: BaseName,
    *,
    env: Annotated[str, typer.Option(metavar="ENV", help="The environment whose dependents to rebuild.")],
    region: Region = None,
    repository: BaseRepositoryName = None,
    marks: Annotated[
        Path, typer.Option(metavar="PATH", help="The file that holds the digests.")
    ] = DEFAULT_MARKS,
) -> None:
    """Record the digest of a base image's `stable` tag, so that the next deploy rebuilds its dependents from it."""
    old = RefreshMarks.read(marks)
    held = BaseRepository(repository or f"base-{name}-{env}", region=region, env=env)
    digest = held.expect_digest(STABLE)
    before = old.of(env, name)
    if before == digest:
        say(f"nothing changed: {STABLE} of {name} in {env} is still {digest}")
        return
    old.having(env, name, digest).write(marks)
    say(f"{STABLE} of {name} in {env}: {before or 'never refreshed'} → {digest}")
    say(f"Wrote {marks}; commit it. The next deploy of {env} rebuilds the images that are built from {name}.")
