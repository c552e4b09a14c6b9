"""`scoped-images context` and `scoped-images why`: what goes into a build context, and which line asks for it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from scoped_images.bases.derived_base import SOURCE
from scoped_images.command_line.context_options import ContextOptions, with_context_options
from scoped_images.command_line.context_report import print_json, print_table
from scoped_images.command_line.options import progress
from scoped_images.command_line.say import say, warn
from scoped_images.context.explanation import explain
from scoped_images.context.file import ContextFile
from scoped_images.context.request import ContextRequest
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.size import MAX_BYTES
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform


@with_context_options
def context(
    options: ContextOptions,
    *,
    max_bytes: Annotated[int, typer.Option(metavar="N", help="Fail if the context is larger.")] = MAX_BYTES,
    output: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Write the context to a new folder, and print the docker build for it."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the files of a build context, each with the line of the Dockerfile that asks for it.

    With --base, list the files that a derived base image is built from.
    """
    derived = options.derived(output, max_bytes != MAX_BYTES)
    if derived is not None:
        found = replace(derived.context(), platform=Platform.parse(options.platform))
        generated = (ContextFile.generated(name, content) for name, content in found.generated.items())
        _print(found, (*generated, *found.named[SOURCE].files), found.dockerfile.name, as_json=as_json)
        return
    destination = _new_folder(output) if output is not None else None
    request = options.request()
    with progress(f"Reading {options.root}"):
        found = ScopedContext.requested(request, max_bytes=max_bytes)
        if destination is not None:
            found.write(destination)
    _print(found, found.files, request.name, as_json=as_json)
    if destination is not None and not as_json:
        say(f"Written; build it with: {_build_command(found, request, destination)}")


@with_context_options
def why(
    options: ContextOptions,
    *,
    path: Annotated[str, typer.Option(metavar="PATH", help="The file or folder, relative to ROOT.")],
) -> None:
    """Explain why a file is in the build context, or which rule leaves it out.

    With --base, explain why a file changes a derived base image, or does not.
    """
    derived = options.derived()
    if derived is not None:
        say(str(derived.explain(path)))
        return
    request = options.request()
    with progress(f"Reading {options.root}"):
        explanation = explain(request, path)
    say(str(explanation))


def _print(found: ScopedContext, files: Sequence[ContextFile], dockerfile: str, *, as_json: bool) -> None:
    if as_json:
        print_json(found, files)
        return
    for warning in found.warnings:
        warn(warning)
    print_table(found, files, dockerfile=dockerfile)


def _new_folder(output: str) -> Path:
    path = Path(output)
    try:
        if not output or (os.path.lexists(path) and not path.is_dir()):
            raise ScopedImagesError(f"--output: must be a folder, got {output!r}; give a new or an empty one")
        if path.is_dir() and any(path.iterdir()):
            raise ScopedImagesError(
                f"--output: the folder is not empty, got {output!r}; give a new or an empty one"
            )
    except OSError as error:
        raise ScopedImagesError(f"--output: {error.strerror}, got {output!r}; give another folder") from error
    return path.absolute()


def _build_command(found: ScopedContext, request: ContextRequest, destination: Path) -> str:
    dockerfile = found.written_dockerfile
    arguments = [
        *(("--file", str(destination / dockerfile)) if dockerfile != "Dockerfile" else ()),
        *(("--target", found.target) if found.target else ()),
        # Always: the files are those of this platform, and the engine would build for its own.
        *("--platform", str(request.platform)),
        *(part for name, value in found.build_args.items() for part in ("--build-arg", f"{name}={value}")),
        *(
            part
            for name in found.named
            for part in ("--build-context", f"{name}={request.build_contexts[name]}")
        ),
    ]
    return shlex.join(["docker", "build", *arguments, str(destination)])
