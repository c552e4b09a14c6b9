"""Finds the folder of a build context, and which folders no context may hold."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path

from scoped_images.errors import ScopedImagesError

# A build's paths are shorter than 4096 bytes, and each open folder takes a file handle.
MAX_DEPTH = 200
# CDK's default. The folder has this name before the first synth ends.
_OUTPUT_FOLDER = "cdk.out"
# CDK writes both to every cloud assembly, also to that of a Stage.
_OUTPUT_FILES = ("cdk.out", "manifest.json")


def existing_folder(directory: str | Path) -> Path:
    """Return the absolute path of a folder; raises ScopedImagesError if it does not exist."""
    # Python decodes file names by the locale: in another locale the same name would give another hash.
    if sys.getfilesystemencoding() != "utf-8":
        raise ScopedImagesError(
            f"build context: this locale reads file names as {sys.getfilesystemencoding()}, Dockerfiles are UTF-8: "
            "set PYTHONUTF8=1"
        )
    try:
        # With `..` in the path, a file in the folder would have two names.
        folder = Path(os.path.realpath(directory))
        there = bool(str(directory)) and folder.is_dir()
    except (OSError, ValueError) as error:
        # An error of the system names the path again.
        reason = error.strerror if isinstance(error, OSError) else error
        raise ScopedImagesError(f"build context: cannot read {str(directory)!r}: {reason}") from error
    if not there:
        raise ScopedImagesError(
            f"build context: directory {str(directory)!r} does not exist or is not a folder{slashes_hint(directory)}"
        )
    return folder


def slashes_hint(path: object) -> str:
    """Return what to do about a missing path that is spelled as on Windows, as the end of a message."""
    return "; write it with forward slashes" if os.sep == "/" and "\\" in str(path) else ""


def is_output_folder(folder: str) -> bool:
    """Return whether an absolute path is that of a cloud assembly, or of the one that the CLI asks for.

    Each synth changes it, so no context may hold it.
    """
    if folder.endswith(f"/{_OUTPUT_FOLDER}"):
        return True
    # The CLI sets it for the app to the folder of `--output`, or of "output" in cdk.json.
    asked = os.environ.get("CDK_OUTDIR")
    if asked and folder == _real(asked, os.getcwd()):  # noqa: PTH109 - a key of the cache
        return True
    return all(os.path.isfile(f"{folder}/{name}") for name in _OUTPUT_FILES)  # noqa: PTH113 - for every folder of a context


@lru_cache(maxsize=4)
def _real(folder: str, current: str) -> str:
    return os.path.realpath(os.path.join(current, folder))  # noqa: PTH118 - text as `folder` is


def refuse_deep_folder(root: Path, path: str) -> None:
    """Raise ScopedImagesError for a path that is nested too deep."""
    if path.count("/") >= MAX_DEPTH:
        top = path.partition("/")[0]
        raise ScopedImagesError(
            f"build context: {root / top} has folders more than {MAX_DEPTH} deep; leave them out with the ignore file"
        )
