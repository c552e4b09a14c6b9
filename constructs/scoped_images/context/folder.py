"""Lists the folders that a build context consists of."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.ignore_file import IgnoreFile

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


@dataclass(frozen=True, kw_only=True)
class FolderPaths:
    """Every path of a folder, sorted by its bytes; sockets, pipes and devices are left out with a warning."""

    paths: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def whole_folder(
    root: Path, ignore: IgnoreFile, *, below: str = "", without: tuple[str, ...] = ()
) -> FolderPaths:
    """List a folder without what the ignore file leaves out and without CDK's output folder.

    below: only what is in this folder of `root`.
    without: more names to leave out. An exception of the ignore file (`!`) brings them and CDK's output back.
    """
    walk = _Walk(root, ignore, without)
    paths = sorted(walk.below(below), key=os.fsencode)
    return FolderPaths(paths=tuple(paths), warnings=tuple(map(special_warning, walk.special)))


def special_warning(path: str) -> str:
    """Return the warning for a socket, pipe or device."""
    return f"{path} is a socket, pipe or device and is left out; name it in the ignore file"


def refuse_deep_folder(root: Path, path: str) -> None:
    """Raise ScopedImagesError for a path that is nested too deep."""
    if path.count("/") >= MAX_DEPTH:
        top = path.partition("/")[0]
        raise ScopedImagesError(
            f"build context: {root / top} has folders more than {MAX_DEPTH} deep; leave them out with the ignore file"
        )


@dataclass(frozen=True)
class _Walk:
    root: Path
    ignore: IgnoreFile
    without: tuple[str, ...]
    special: list[str] = field(default_factory=list)

    def below(self, folder: str) -> Iterator[str]:
        refuse_deep_folder(self.root, folder)
        for name, kind in self._names(folder):
            path = f"{folder}/{name}" if folder else name
            excluded = self.ignore.excludes(path)
            if self._is_left_out(name, path, kind):
                continue
            if kind == "folder" and (not excluded or self.ignore.may_include_below(path)):
                below = list(self.below(path))
                # An excluded folder is there again when an exception (`!`) brings back something in it.
                if below or not excluded:
                    yield path
                    yield from below
            elif kind == "special" and not excluded:
                self.special.append(path)
            elif kind == "other" and not excluded:
                yield path

    def _names(self, folder: str) -> list[tuple[str, str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                # By the type in the listing: what is in a folder that may not be searched cannot be looked at.
                return sorted((entry.name, _kind(entry)) for entry in entries)
        except OSError as error:
            raise ScopedImagesError(
                f"build context: cannot list {self.root / folder}: {error.strerror}"
            ) from error

    def _is_left_out(self, name: str, path: str, kind: str) -> bool:
        if name not in self.without and not (kind == "folder" and is_output_folder(f"{self.root}/{path}")):
            return False
        return not self.ignore.keeps(path)


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "other" if entry.is_symlink() or entry.is_file(follow_symlinks=False) else "special"
