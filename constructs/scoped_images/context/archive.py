"""A build context as one file: the same bytes for the same content, whenever and wherever it is made."""

from __future__ import annotations

import gzip
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError

CONTEXT_FOLDER = "context"

# 2000-01-01 UTC. Not 0: zip files, and so Python wheels built from these sources, begin in 1980.
_MTIME = 946_684_800
# What the fingerprint does not cover is the archive's own layout: raise it when that changes.
_LAYOUT = 1


def named_folders(context: ScopedContext) -> dict[str, str]:
    """The archive's folder of each named context: numbered, since a name may hold slashes and dots."""
    return {name: f"named-{number}" for number, name in enumerate(sorted(context.named))}


def archive_name(context: ScopedContext) -> str:
    """What the archive is called: another name for another content."""
    return f"scoped-archive-{_LAYOUT}-{context.fingerprint}.tar.gz"


def write_context_archive(context: ScopedContext, folder: Path) -> Path:
    """Write a context with its Dockerfile and named contexts to `folder`, unless it is there; return the file.

    `context/` holds what is staged for a local build, `named-<n>/` each named context.
    """
    destination = folder / archive_name(context)
    if destination.is_file():
        return destination
    folder.mkdir(parents=True, exist_ok=True)
    # Staging compares each file with what was read when the context was made.
    with tempfile.TemporaryDirectory(prefix=".scoped-archive-", dir=folder) as temporary:
        try:
            staged = {CONTEXT_FOLDER: Path(temporary, CONTEXT_FOLDER)}
            context.stage(staged[CONTEXT_FOLDER])
            for name, place in named_folders(context).items():
                staged[place] = Path(temporary, place)
                context.named[name].stage(staged[place])
            unfinished = Path(temporary, "archive")
            write_archive(staged, unfinished)
            unfinished.replace(destination)
        finally:
            _make_removable(Path(temporary))
    return destination


def write_archive(folders: Mapping[str, Path], destination: Path) -> None:
    """Write folders under their names to a `.tar.gz`: sorted, without owners and times, modes 0644 and 0755.

    Links stay what they are, wherever they lead, since a `COPY` copies them so; nothing is written below one.
    Raises ScopedImagesError for anything but files, folders and links.
    """
    with (
        destination.open("wb") as file,
        # Neither a name nor a time in its header.
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for place in sorted(folders):
            for name, path in [(place, folders[place]), *_below(place, folders[place])]:
                _add(archive, name, path)


def _below(place: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Every path below a folder, sorted by its bytes; links are not followed."""
    for entry in sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name)):
        name, path = f"{place}/{entry.name}", Path(entry.path)
        yield name, path
        if entry.is_dir(follow_symlinks=False):
            yield from _below(name, path)


def _add(archive: tarfile.TarFile, name: str, path: Path) -> None:
    status = path.lstat()
    member = tarfile.TarInfo(name)
    member.mtime = _MTIME
    if stat.S_ISLNK(status.st_mode):
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, os.readlink(path), 0o777  # noqa: PTH115
        archive.addfile(member)
    elif stat.S_ISDIR(status.st_mode):
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(member)
    elif stat.S_ISREG(status.st_mode):
        # A hard link is written as a file of its own: as a link it could lead to another member.
        member.mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
        member.size = status.st_size
        with path.open("rb") as content:
            archive.addfile(member, content)
    else:
        raise ScopedImagesError(
            f"build context: {name} is neither file, folder nor link, and cannot be sent to a remote build: "
            "leave it out with the ignore file"
        )


def _make_removable(folder: Path) -> None:
    """Read-only folders of the context would keep what is in them."""
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o700)
