"""Streams the blobs of the registry API to and from disk.

ministack reads a whole request into memory, keeps layers in dictionaries and saves them as base64 text. So blob requests
are answered here, before they reach it. It still answers those for manifests and tags.
Protocol: https://distribution.github.io/distribution/spec/api/
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs

from ministack.core.responses import get_account_id, get_region, set_request_account_id, set_request_region
from ministack.services import ecr

from cdk_local_aws.emulator.asgi import (
    Answer,
    Application,
    Receive,
    Scope,
    Send,
    answer,
    request_headers,
    response_start,
)
from cdk_local_aws.emulator.blob_store import BlobStore, DigestMismatchError, RepositoryKey

BLOB_PATH = re.compile(r"/v2/(?P<name>.+)/blobs/(?:uploads/(?P<upload>[^/]*)/?|(?P<digest>[^/]+))$")
CHUNK = 1024 * 1024


class RegistryBlobs:
    """ASGI application that answers blob requests from the store, and passes on all others."""

    def __init__(self, store: BlobStore, behind: Application) -> None:
        self._store = store
        self._behind = behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        match = BLOB_PATH.match(scope["path"]) if scope["type"] == "http" else None
        if match is None:
            await self._behind(scope, receive, send)
            return
        name, upload, digest = match["name"], match["upload"], match["digest"]
        query = {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
        repository = select_repository(name, scope, query)
        missing = ecr._ensure_repo_exists(name)
        if missing is not None:
            await answer(send, missing)
        elif digest is not None and scope["method"] in ("GET", "HEAD"):
            await self._download(repository, digest, scope, send)
        elif scope["method"] == "POST" and not upload:
            await self._start(repository, query, receive, send)
        elif upload and scope["method"] == "PATCH":
            if await self._append(repository, upload, receive, send):
                await answer(send, progress(name, upload, self._store.upload_size(upload) or 0))
        elif upload and scope["method"] == "PUT":
            if await self._append(repository, upload, receive, send):
                await answer(send, self._close(repository, upload, query.get("digest", "")))
        else:
            await answer(send, ecr._registry_error(405, "UNSUPPORTED", "method not allowed"))

    async def _start(
        self, repository: RepositoryKey, query: dict[str, str], receive: Receive, send: Send
    ) -> None:
        """Begin an upload, or finish it at once by a mount from another repository or with the request's body."""
        name = repository.name
        mount, source = query.get("mount"), query.get("from")
        if mount and source:
            other = RepositoryKey(repository.account, repository.region, source)
            if self._store.mount(other, repository, mount):
                await answer(send, created(name, mount))
                return
        upload = self._store.start_upload()
        if "digest" not in query:
            await answer(send, progress(name, upload, 0))
        elif await self._append(repository, upload, receive, send):
            await answer(send, self._close(repository, upload, query["digest"]))

    async def _append(self, repository: RepositoryKey, upload: str, receive: Receive, send: Send) -> bool:
        """Append the request's bytes; return False if it was answered already or its client disconnected."""
        if self._store.upload_size(upload) is None:
            await answer(send, unknown_upload(repository.name, upload))
            return False
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._store.cancel_upload(upload)
                return False
            self._store.append(upload, message.get("body", b""))
            if not message.get("more_body", False):
                return True

    def _close(self, repository: RepositoryKey, upload: str, digest: str) -> Answer:
        """Add an upload to the repository, and return the answer."""
        try:
            self._store.finish_upload(upload, repository, digest)
        except DigestMismatchError as mismatch:
            detail = {"expected": digest, "actual": str(mismatch)}
            text = "uploaded blob digest did not match provided digest"
            refused: Answer = ecr._registry_error(400, "DIGEST_INVALID", text, detail)
            return refused
        return created(repository.name, digest)

    async def _download(self, repository: RepositoryKey, digest: str, scope: Scope, send: Send) -> None:
        """Send a blob, or the rest of one from the offset that the client asks for."""
        path = self._store.find(repository, digest)
        if path is None:
            await answer(send, unknown_blob(digest))
            return
        size = path.stat().st_size
        start = range_start(scope)
        status = 206 if 0 < start < size else 200
        start = start if status == 206 else 0
        headers = {
            "Content-Length": str(size - start),
            "Content-Type": "application/octet-stream",
            "Docker-Content-Digest": digest,
            "Accept-Ranges": "bytes",
        }
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        await send(response_start(registry_answer(status, headers)))
        if scope["method"] == "GET":
            await send_file(path, start, send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def select_repository(name: str, scope: Scope, query: dict[str, str]) -> RepositoryKey:
    """Set account and region as ministack does for its registry requests, and return the repository."""
    set_request_account_id("")
    set_request_region(None)
    ecr._select_registry_request_scope(name, request_headers(scope), query)
    return RepositoryKey(get_account_id(), get_region(), name)


def range_start(scope: Scope) -> int:
    """Return N of `Range: bytes=N-`, the form with which clients resume a download; else 0."""
    for key, value in scope["headers"]:
        match = re.fullmatch(rb"bytes=(\d+)-", value) if key.lower() == b"range" else None
        if match:
            return int(match[1])
    return 0


async def send_file(path: Path, start: int, send: Send) -> None:
    """Send a file's bytes from an offset on, in chunks."""
    with path.open("rb") as file:
        file.seek(start)
        while chunk := file.read(CHUNK):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


def registry_answer(status: int, headers: dict[str, str] | None = None) -> Answer:
    """Return an answer without a body."""
    result: Answer = ecr._registry_ok(status, {"Content-Length": "0", **(headers or {})}, b"")
    return result


def created(name: str, digest: str) -> Answer:
    """Return the answer for a blob that the repository has now."""
    return registry_answer(201, {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})


def progress(name: str, upload: str, size: int) -> Answer:
    """Return the answer with the address for the next bytes of an upload."""
    location = f"/v2/{name}/blobs/uploads/{upload}"
    received = f"0-{max(0, size - 1)}"
    return registry_answer(202, {"Location": location, "Range": received, "Docker-Upload-UUID": upload})


def unknown_blob(digest: str) -> Answer:
    """Return the error for a blob that the repository lacks."""
    result: Answer = ecr._registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry", {"digest": digest})
    return result


def unknown_upload(name: str, upload: str) -> Answer:
    """Return the error for an unknown upload."""
    detail = {"name": name, "uuid": upload}
    text = "blob upload unknown to registry"
    result: Answer = ecr._registry_error(404, "BLOB_UPLOAD_UNKNOWN", text, detail)
    return result
