"""Keeps each layer and config of the local registry in one file, linked into the repositories that have it."""

import hashlib
import os
import shutil
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

PREFIX = "sha256:"


class DigestMismatchError(ValueError):
    """Raised if the uploaded bytes have another digest; holds the actual one."""


@dataclass(frozen=True)
class RepositoryKey:
    """A repository of one account and region."""

    account: str
    region: str
    name: str


@dataclass
class Upload:
    """A blob that a client uploads: its file, with the digest and size so far."""

    path: Path
    file: IO[bytes]
    size: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)


class BlobStore:
    """Blobs by digest below one folder.

    A hard link shows that a repository has a blob. So a crash cannot separate them, a mount between repositories copies
    nothing, and no repository has a blob with one link.
    """

    def __init__(self, root: Path) -> None:
        self._content = root / "sha256"
        self._repositories = root / "repositories"
        self._incoming = root / "uploads"
        self._uploads: dict[str, Upload] = {}
        self._lock = threading.Lock()
        shutil.rmtree(self._incoming, ignore_errors=True)  # clients begin interrupted uploads again
        for folder in (self._content, self._repositories, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)

    def find(self, repository: RepositoryKey, digest: str) -> Path | None:
        """Return the blob's file, or None if the repository lacks it."""
        path = self._linked(repository, digest)
        return path if path.is_file() else None

    def start_upload(self) -> str:
        """Begin an upload and return its id."""
        upload_id = str(uuid.uuid4())
        path = self._incoming / upload_id
        self._uploads[upload_id] = Upload(path=path, file=path.open("wb"))
        return upload_id

    def upload_size(self, upload_id: str) -> int | None:
        """Return how many bytes have arrived, or None for an unknown upload."""
        upload = self._uploads.get(upload_id)
        return None if upload is None else upload.size

    def append(self, upload_id: str, chunk: bytes) -> None:
        """Write the next bytes of an upload."""
        upload = self._uploads[upload_id]
        upload.file.write(chunk)
        upload.digest.update(chunk)
        upload.size += len(chunk)

    def finish_upload(self, upload_id: str, repository: RepositoryKey, digest: str) -> None:
        """Add an upload to the repository as a blob; drop it and raise DigestMismatchError if the digest differs."""
        upload = self._uploads.pop(upload_id)
        upload.file.close()
        actual = PREFIX + upload.digest.hexdigest()
        if actual != digest:
            upload.path.unlink()
            raise DigestMismatchError(actual)
        with self._lock:
            content = self._content / digest.removeprefix(PREFIX)
            if content.exists():
                upload.path.unlink()  # the same content, which other repositories link to
            else:
                upload.path.replace(content)
            self._link(repository, digest)

    def cancel_upload(self, upload_id: str) -> None:
        """Drop an upload."""
        upload = self._uploads.pop(upload_id)
        upload.file.close()
        upload.path.unlink()

    def mount(self, source: RepositoryKey, target: RepositoryKey, digest: str) -> bool:
        """Add a blob of the source to the target repository. Return False if the source does not have it."""
        with self._lock:
            if self.find(source, digest) is None:
                return False
            self._link(target, digest)
            return True

    def keep_only(self, repository: RepositoryKey, digests: Iterable[str]) -> None:
        """Remove from a repository every blob but these."""
        names, folder = set(digests), self._folder(repository)
        with self._lock:
            for path in list(folder.iterdir()) if folder.is_dir() else []:
                if PREFIX + path.name not in names:
                    path.unlink()
                    self._drop_if_unused(self._content / path.name)

    def collect_garbage(self) -> None:
        """Remove the blobs that no repository has, which a crash may leave."""
        with self._lock:
            for path in list(self._content.iterdir()):
                self._drop_if_unused(path)

    def _folder(self, repository: RepositoryKey) -> Path:
        # The underscore keeps a repository called ".." inside its folder.
        name = "_" + quote(repository.name, safe="")
        return self._repositories / repository.account / repository.region / name

    def _linked(self, repository: RepositoryKey, digest: str) -> Path:
        # Only hexadecimal names reach the file system: digests come from requests.
        name = digest.removeprefix(PREFIX)
        if len(name) != 64 or set(name) - set("0123456789abcdef"):
            name = "no-such-digest"
        return self._folder(repository) / name

    def _link(self, repository: RepositoryKey, digest: str) -> None:
        path = self._linked(repository, digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(self._content / path.name, path)

    @staticmethod
    def _drop_if_unused(path: Path) -> None:
        if path.is_file() and path.stat().st_nlink == 1:
            path.unlink()
