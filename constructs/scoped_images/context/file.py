"""One entry of a build context, read and hashed."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from scoped_images.errors import ScopedImagesError


class Kind(StrEnum):
    """What BuildKit can copy."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"


@dataclass(frozen=True, kw_only=True)
class ContextFile:
    """A file, directory or symbolic link.

    path: relative to the context's root, with forward slashes.
    mode: permission bits. Only the executable bit counts in a fingerprint: the rest is the umask's.
    size: bytes of a file, else 0.
    sha256: hex digest of a file's bytes, else empty.
    link: target of a link, else empty.
    sources: numbers of the Dockerfile lines that ask for it; empty where a whole directory was given.
    """

    path: str
    kind: Kind
    mode: int
    size: int = 0
    sha256: str = ""
    link: str = ""
    sources: tuple[int, ...] = ()

    @classmethod
    def read(cls, root: Path, path: str, *, sources: tuple[int, ...] = ()) -> ContextFile:
        """Read the entry at `path` below `root`; raises ScopedImagesError also when it changes meanwhile."""
        full = root / path
        _refuse_bad_name(path)
        try:
            status = full.lstat()
            mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISLNK(status.st_mode):
                link = os.readlink(full)  # noqa: PTH115 - Path.readlink drops a trailing slash
                _refuse_bad_name(link)
                return cls(path=path, kind=Kind.LINK, mode=mode, link=link, sources=sources)
            if stat.S_ISDIR(status.st_mode):
                return cls(path=path, kind=Kind.DIRECTORY, mode=mode, sources=sources)
            if stat.S_ISREG(status.st_mode):
                size, digest = _hash(full, status)
                return cls(path=path, kind=Kind.FILE, mode=mode, size=size, sha256=digest, sources=sources)
        except OSError as error:
            raise ScopedImagesError(f"build context: cannot read {full}: {error.strerror}") from error
        raise ScopedImagesError(
            f"build context: {full} is a socket, device or pipe, which no image can hold; "
            "remove it or name it in .dockerignore"
        )

    @property
    def executable(self) -> bool:
        """Whether its owner may execute it; links and directories carry no such choice."""
        return self.kind is Kind.FILE and bool(self.mode & stat.S_IXUSR)

    def identity(self) -> tuple[str, str, bool, str, str]:
        """What a fingerprint holds of it."""
        return (self.path, str(self.kind), self.executable, self.sha256, self.link)


def _hash(path: Path, status: os.stat_result) -> tuple[int, str]:
    """Return a file's size and hex digest, if it stays from first to last what `status` says."""
    with path.open("rb") as stream:
        before = os.fstat(stream.fileno())
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        after = os.fstat(stream.fileno())
    # A half-written file would be hashed, and staged, as something that never was.
    if not _version(status) == _version(before) == _version(after):
        raise ScopedImagesError(f"build context: {path} changed while it was read; try again")
    return after.st_size, digest


def _version(status: os.stat_result) -> tuple[int, ...]:
    # The ctime tells also of a write that sets the mtime back.
    return (
        status.st_dev,
        status.st_ino,
        status.st_mode,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _refuse_bad_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ScopedImagesError(
            f"build context: the name {os.fsencode(path)!r} is not UTF-8; rename it or name it in .dockerignore"
        ) from None
