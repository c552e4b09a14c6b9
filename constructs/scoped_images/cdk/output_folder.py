"""Refuses a context that holds the folder which the app is being synthesized into."""

from __future__ import annotations

import os
from collections.abc import Iterable

from constructs import Construct

from scoped_images.cdk.place import path_of, place_of
from scoped_images.context.file import ContextFile
from scoped_images.context.folder import is_output_folder
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError


def refuse_output_folder(scope: Construct, context: ScopedContext) -> None:
    """Raise if a file of the context, or of a named one, lies in the app's output folder.

    A context leaves out the folders that it knows for output: by `cdk.out`, by CDK_OUTDIR, or by what an earlier synth
    wrote. Only the app knows `App(outdir="dist")` before its first synth. An exception of the ignore file brings a
    known folder back on purpose.
    """
    # Relative if the app gave it so.
    output = os.path.realpath(place_of(scope).assets)
    if is_output_folder(output):
        return
    folders = [("context", context.root, context.files)]
    folders += [(f"build_contexts[{name!r}]", each.root, each.files) for name, each in context.named.items()]
    for what, root, files in folders:
        inside = os.path.relpath(output, os.path.realpath(root))
        if _holds(files, inside):
            raise ScopedImagesError(
                f"{what}: {path_of(scope)!r} would hold CDK's output folder, which changes with each synth, got "
                f'outdir={inside!r} in {root}; name it in the ignore file, or drop outdir= and set "output" in '
                "cdk.json"
            )


def _holds(files: Iterable[ContextFile], inside: str) -> bool:
    if inside == os.curdir:
        return any(True for _ in files)
    return any(file.path == inside or file.path.startswith(f"{inside}/") for file in files)
