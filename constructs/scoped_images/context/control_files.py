"""Finds and reads the files that say what a context holds: the Dockerfile and its ignore file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from scoped_images.context.folder import slashes_hint
from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.ignore_file import IgnoreFile

DOCKERFILE = "Dockerfile"
# The largest Dockerfile of 225 in public repositories had 30 kB.
_MAX_BYTES = 1_000_000


def find_dockerfile(folder: Path, dockerfile: str | Path) -> Path:
    """Return the Dockerfile's path, which may lie outside of `folder`, whichever way it was written.

    As with `docker build`, a file called `dockerfile` replaces a missing `Dockerfile`.
    """
    path = folder / dockerfile
    if str(dockerfile) == DOCKERFILE and not os.path.lexists(path) and os.path.lexists(folder / "dockerfile"):
        path = folder / "dockerfile"
    # A Dockerfile that is a link keeps its own name, and so its own ignore file.
    return Path(os.path.realpath(path.parent)) / path.name


def read_dockerfile(path: Path, *, root: Path) -> bytes:
    """Return a Dockerfile's bytes. Raises ScopedImagesError also for a link out of its folder and of `root`.

    Such a link could lead to any file of this machine, whose text would go into error messages, the cloud assembly and
    the build.
    """
    if path.is_symlink():
        target = Path(os.path.realpath(path))
        if not any(target.is_relative_to(os.path.realpath(folder)) for folder in (root, path.parent)):
            raise ScopedImagesError(
                f"dockerfile: {path} is a link to {target}, which is outside of {root}; pass that file as dockerfile=, "
                "or replace the link with a copy"
            )
    try:
        return _read_file(path, what="Dockerfile")
    except OSError as error:
        hint = slashes_hint(path) if isinstance(error, FileNotFoundError) else ""
        raise ScopedImagesError(
            f"build context: cannot read Dockerfile {path}: {error.strerror}{hint}"
        ) from error


def read_ignore_file(root: Path, dockerfile: Path) -> IgnoreFile:
    """Read `<Dockerfile>.dockerignore` beside the Dockerfile, else the root's `.dockerignore`, else no rules."""
    own = _read_rules(own_ignore_file(dockerfile))
    return own if own is not None else read_folder_ignore_file(root)


def own_ignore_file(dockerfile: Path) -> Path:
    """Return the path of the ignore file that is only for this Dockerfile."""
    return dockerfile.with_name(f"{dockerfile.name}.dockerignore")


def read_folder_ignore_file(root: Path) -> IgnoreFile:
    """Read the folder's `.dockerignore`, else no rules."""
    found = _read_rules(root / ".dockerignore")
    return found if found is not None else IgnoreFile()


def _read_rules(path: Path) -> IgnoreFile | None:
    try:
        return IgnoreFile.parse(_read_file(path, what="ignore file"), name=path.name)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
    except OSError as error:
        raise ScopedImagesError(f"ignore file: cannot read {path}: {error.strerror}") from error


def _read_file(path: Path, *, what: str) -> bytes:
    """Return a file's bytes; raises OSError, and ScopedImagesError if it is not a file or is too large.

    what: the file's role in messages.
    """
    # O_NONBLOCK: a pipe would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, "Is a directory")
        if not stat.S_ISREG(mode):
            raise ScopedImagesError(f"build context: {what} {path} is a pipe, socket or device; give a file")
        content = b""
        while len(content) <= _MAX_BYTES and (chunk := stream.read(_MAX_BYTES + 1 - len(content))):
            content += chunk
    if len(content) > _MAX_BYTES:
        raise ScopedImagesError(
            f"build context: {what} {path} has more than {_MAX_BYTES} bytes, the limit; make it smaller"
        )
    return content
