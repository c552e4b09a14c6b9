"""Writes a build context as one file, with the same bytes for the same content on every machine."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from scoped_images.context.file import (
    READ_FLAGS,
    ContextFile,
    Kind,
    changed,
    in_tree_order,
    is_executable,
    opened_source,
)
from scoped_images.context.folder_handles import FolderHandles, open_folder
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.context.temporary_folder import remove, temporary_folder
from scoped_images.errors import ScopedImagesError

CONTEXT_FOLDER = "context"

# 2000-01-01 UTC for every file: with their own times the bytes would differ from checkout to checkout. Not 0, since
# zip files, and so Python wheels built from these sources, begin in 1980.
_MTIME = 946_684_800
# What the fingerprint does not cover is the archive's own layout: raise it when that changes.
_LAYOUT = 1


def named_folders(context: ScopedContext) -> dict[str, str]:
    """Return the archive's folder of each named context: numbered, since a name may hold slashes and dots."""
    return {name: f"named-{number}" for number, name in enumerate(sorted(context.named))}


def archive_name(context: ScopedContext) -> str:
    """Return the archive's file name, which differs with the content."""
    return f"scoped-archive-{_LAYOUT}-{context.fingerprint}.tar.gz"


def write_context_archive(context: ScopedContext, folder: Path) -> Path:
    """Write a context with its Dockerfile and named contexts to `folder`, and return the file.

    `context/` has the files of a local build, `named-<n>/` those of each named context; without owners and times, with
    modes 0644 and 0755. Links stay links, wherever they lead. An existing archive is compared first, and written again
    only if it differs. Raises ScopedImagesError if a file differs from what was read when the context was made.
    """
    parts = _parts(context)
    destination = folder / archive_name(context)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open_folder(folder) as parent:
            if _holds(parent, destination.name, parts):
                return destination
            with temporary_folder(parent) as (_, temporary):
                descriptor = os.open("archive", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=temporary)
                with os.fdopen(descriptor, "wb") as file:
                    _write(file, parts)
                    file.flush()
                    os.fsync(descriptor)
                if (folder / destination.name).is_dir():
                    remove(parent, destination.name)
                os.rename("archive", destination.name, src_dir_fd=temporary, dst_dir_fd=parent)
    except OSError as error:
        raise ScopedImagesError(f"build context: cannot write {destination}: {error.strerror}") from error
    return destination


@dataclass(frozen=True)
class _Part:
    """One folder of the archive. extra: bytes of the files that are not in `root`."""

    name: str
    root: Path
    entries: Mapping[str, ContextFile]
    extra: Mapping[str, bytes]

    def members(self) -> Iterator[tuple[tarfile.TarInfo, ContextFile | None]]:
        """Yield each member's header, with its entry; the folder itself has none."""
        yield _header(self.name, ContextFile(path="", kind=Kind.DIRECTORY)), None
        for path, entry in self.entries.items():
            yield _header(f"{self.name}/{path}", entry), entry


def _parts(context: ScopedContext) -> list[_Part]:
    extra = context.further_files
    parts = [_Part(CONTEXT_FOLDER, context.root, in_tree_order(context.files, extra), extra)]
    for name, place in named_folders(context).items():
        named = context.named[name]
        parts.append(_Part(place, named.root, in_tree_order(named.files, {}), {}))
    return parts


def _header(name: str, entry: ContextFile) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mtime, member.mode, member.size, member.linkname = _MTIME, entry.mode, entry.size, entry.link
    # A hard link is a file of its own: as a link it could lead to another member.
    member.type = {Kind.FILE: tarfile.REGTYPE, Kind.DIRECTORY: tarfile.DIRTYPE, Kind.LINK: tarfile.SYMTYPE}[
        entry.kind
    ]
    return member


def _write(file: IO[bytes], parts: list[_Part]) -> None:
    with (
        # Neither a name nor a time in its header.
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for part in parts:
            with FolderHandles(part.root) as folders:
                for member, entry in part.members():
                    if entry is None or entry.kind is not Kind.FILE:
                        archive.addfile(member)
                    elif entry.path in part.extra:
                        archive.addfile(member, BytesIO(part.extra[entry.path]))
                    else:
                        _add_file(archive, member, folders, entry)


def _add_file(
    archive: tarfile.TarFile, member: tarfile.TarInfo, folders: FolderHandles, entry: ContextFile
) -> None:
    path = folders.root / entry.path
    with (
        opened_source(folders, entry.path) as (descriptor, _),
        os.fdopen(descriptor, "rb", closefd=False) as stream,
    ):
        hashing = _Hashing(stream)
        try:
            archive.addfile(member, hashing)
        except OSError as error:
            if error.errno is None:  # tarfile's own, for a file that has become shorter
                raise changed(path) from error
            raise
        executable = is_executable(os.fstat(descriptor))
    if (hashing.digest.hexdigest(), executable) != (entry.sha256, entry.executable):
        raise changed(path)


class _Hashing:
    """A stream that hashes what is read of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read, and hash what was read."""
        content = self._stream.read(size)
        self.digest.update(content)
        return content


def _holds(parent: int, name: str, parts: list[_Part]) -> bool:
    """Return whether the archive has exactly these members, in this order."""
    try:
        with (
            os.fdopen(os.open(name, READ_FLAGS, dir_fd=parent), "rb") as file,
            tarfile.open(fileobj=file, mode="r:gz") as archive,
        ):
            expected = [member for part in parts for member in part.members()]
            for header, entry in expected:
                member = archive.next()
                if member is None or _facts(member) != _facts(header):
                    return False
                content = archive.extractfile(member) if entry and entry.kind is Kind.FILE else None
                if content and entry:
                    digest = hashlib.file_digest(content, "sha256")  # type: ignore[arg-type]  # a BufferedReader
                    if digest.hexdigest() != entry.sha256:
                        return False
            return archive.next() is None
    except (OSError, tarfile.TarError, EOFError, zlib.error):
        return False


def _facts(member: tarfile.TarInfo) -> tuple[object, ...]:
    return (
        *(member.name, member.type, member.mode, member.size, member.linkname, member.mtime),
        *(member.uid, member.gid, member.uname, member.gname),
    )
