"""The entries of a build context, read and hashed."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from scoped_images.context.folder_handles import FolderHandles, opened
from scoped_images.errors import ScopedImagesError

_CHUNK = 1 << 20
# What the system answers for a link, file or socket in place of what was there.
_SWAPPED = (errno.ELOOP, errno.ENOTDIR, errno.ENXIO)
# O_NONBLOCK: opening a pipe that was swapped in would wait for a writer.
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Kind(StrEnum):
    """What BuildKit can copy."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"


@dataclass(frozen=True, kw_only=True)
class ContextFile:
    """A file, folder or symbolic link.

    path: relative to the context's root, with forward slashes.
    executable: whether the owner may execute a file. No other permission counts or is copied: they follow the umask.
    size: bytes of a file, else 0.
    sha256: hex digest of a file's bytes, else empty.
    link: target of a link, else empty.
    sources: numbers of the Dockerfile lines that ask for it; empty where a whole folder was given.
    """

    path: str
    kind: Kind
    executable: bool = False
    size: int = 0
    sha256: str = ""
    link: str = ""
    sources: tuple[int, ...] = ()

    @classmethod
    def read(cls, folders: FolderHandles, path: str, *, sources: tuple[int, ...] = ()) -> ContextFile:
        """Read the entry at `path`; raises ScopedImagesError, also if the entry changes meanwhile."""
        refuse_bad_name(path)
        above, _, name = path.rpartition("/")
        try:
            folder = folders.open(above)
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                link = os.readlink(name, dir_fd=folder)
                refuse_bad_name(link)
                return cls(path=path, kind=Kind.LINK, link=link, sources=sources)
            if stat.S_ISDIR(status.st_mode):
                return cls(path=path, kind=Kind.DIRECTORY, sources=sources)
            if stat.S_ISREG(status.st_mode):
                digest = _hash(name, folder, status)
                if digest is None:
                    raise changed(folders.root / path)
                return cls(
                    path=path,
                    kind=Kind.FILE,
                    executable=is_executable(status),
                    size=status.st_size,
                    sha256=digest,
                    sources=sources,
                )
        except OSError as error:
            raise _unreadable(folders.root / path, error) from error
        raise changed(folders.root / path)

    @classmethod
    def generated(cls, path: str, content: bytes) -> ContextFile:
        """Return the entry of a file that is in no folder."""
        return cls(path=path, kind=Kind.FILE, size=len(content), sha256=hashlib.sha256(content).hexdigest())

    @property
    def mode(self) -> int:
        """Permission bits in every copy: 0644 or 0755 for files, 0755 for folders; a link has no choice."""
        if self.kind is Kind.LINK:
            return 0o777
        return 0o755 if self.executable or self.kind is Kind.DIRECTORY else 0o644

    def identity(self) -> tuple[str, str, bool, str, str]:
        """Return what counts in a fingerprint."""
        return (self.path, str(self.kind), self.executable, self.sha256, self.link)


@contextmanager
def opened_source(folders: FolderHandles, path: str) -> Iterator[tuple[int, os.stat_result]]:
    """Open a file that was read before; raises ScopedImagesError for what is not a file any more."""
    above, _, name = path.rpartition("/")
    try:
        descriptor = os.open(name, READ_FLAGS, dir_fd=folders.open(above))
    except OSError as error:
        raise _unreadable(folders.root / path, error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise changed(folders.root / path)
        yield descriptor, status
    finally:
        os.close(descriptor)


def is_executable(status: os.stat_result) -> bool:
    """Return whether the owner may execute a file."""
    return bool(status.st_mode & stat.S_IXUSR)


def hash_bytes(descriptor: int, size: int, *, copy_to: int | None = None) -> str | None:
    """Return the hex digest of an open file of `size` bytes, or None if it has fewer or more.

    copy_to: an open file that gets the very bytes that are hashed.
    """
    digest, left = hashlib.sha256(), size
    while True:
        # One byte more than there should be.
        asked = min(left + 1, _CHUNK)
        chunk = os.read(descriptor, asked)
        left -= len(chunk)
        if left < 0 or (left and not chunk):
            return None
        digest.update(chunk)
        # At its end a file gives less than was asked for.
        is_whole = not left and len(chunk) < asked
        while copy_to is not None and chunk:
            chunk = chunk[os.write(copy_to, chunk) :]
        if is_whole:
            return digest.hexdigest()


def changed(path: object) -> ScopedImagesError:
    """Return the error for an entry that is not what was read before."""
    return ScopedImagesError(f"build context: {path} changed while it was read; try again")


def in_tree_order(files: Iterable[ContextFile], extra: Mapping[str, bytes]) -> dict[str, ContextFile]:
    """Return every entry by its path, each folder just before what is in it; raises for a file below a link or file."""
    found = {file.path: file for file in files} | {
        path: ContextFile.generated(path, content) for path, content in extra.items()
    }
    for path in list(found):
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found[folder] = ContextFile(path=folder, kind=Kind.DIRECTORY)
            folder = folder.rpartition("/")[0]
        if folder and found[folder].kind is not Kind.DIRECTORY:
            raise ScopedImagesError(
                f"build context: {path!r} is below the {found[folder].kind} {folder!r}, which has no files"
            )
    return {path: found[path] for path in sorted(found, key=lambda path: path.split("/"))}


def refuse_bad_name(path: str) -> None:
    """Raise ScopedImagesError for a name that Dockerfiles, which are UTF-8, cannot contain."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ScopedImagesError(
            f"build context: the name {os.fsencode(path)!r} is not UTF-8; rename it or name it in .dockerignore"
        ) from None


def _hash(name: str, folder: int, status: os.stat_result) -> str | None:
    """Return a file's hex digest, or None if it is not what `status` says from first to last."""
    with opened(name, READ_FLAGS, below=folder) as descriptor:
        version = _version(status)
        # Compared before anything is read: what was swapped in may be endless.
        digest = hash_bytes(descriptor, status.st_size) if version == _version(os.fstat(descriptor)) else None
        # A file that is half written would be hashed, and copied, as something that never existed.
        return digest if version == _version(os.fstat(descriptor)) else None


def _version(status: os.stat_result) -> tuple[int, ...]:
    # The ctime also shows a write that sets the mtime back.
    same = (status.st_dev, status.st_ino, status.st_mode, status.st_size)
    return (*same, status.st_mtime_ns, status.st_ctime_ns)


def _unreadable(path: object, error: OSError) -> ScopedImagesError:
    if error.errno in _SWAPPED:
        return changed(path)
    return ScopedImagesError(f"build context: cannot read {path}: {error.strerror}")
