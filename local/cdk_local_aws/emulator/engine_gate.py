"""Lets builds use the container engine to build, pull, tag and push images, but not for containers or volumes.

A user of the engine's own socket is root on this machine, by `docker run --privileged --volume /:/host`. Builds of the
emulated CodeBuild see this socket in its place.
"""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from cdk_local_aws.private_files import private_folder
from cdk_local_aws.tls_front import pipe

HEAD_LIMIT = 64 * 1024
DRAIN_SECONDS = 2
# BuildKit's own connections, and images, in every version of the API. BuildKit runs steps without the rights that
# `docker run` can ask for. https://docs.docker.com/reference/api/engine/
UPGRADED = re.compile(r"POST (?:/v[0-9.]+)?/(?:grpc|session)")
ALLOWED = re.compile(
    r"(?:GET|HEAD|POST) (?:/v[0-9.]+)?/(?:_ping|version|info|auth)"
    r"|(?:GET|POST|DELETE) (?:/v[0-9.]+)?/(?:images|distribution)/[A-Za-z0-9._/:@+-]+"
)
# Go's server also ends a line at a bare newline. It and the gate read a head of these lines alike.
REQUEST_LINE = re.compile(r"([A-Z]+) ([!-~]+) HTTP/1\.1")
FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t\x20-\x7e\x80-\xff]*")
ONCE = ("content-length", "transfer-encoding", "host", "upgrade")


@dataclass(frozen=True)
class EngineGate:
    """A socket in front of the engine's. engine: path of the engine's socket."""

    engine: Path
    socket: Path

    async def start(self) -> None:
        """Listen in a private folder, so only sandboxes that mount the socket reach it."""
        private_folder(self.socket.parent)
        self.socket.unlink(missing_ok=True)
        await asyncio.start_unix_server(self._serve, self.socket, limit=HEAD_LIMIT)
        self.socket.chmod(0o666)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request; the engine then closes the connection, so the gate sees every request."""
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                asked = requested(head)
                if asked is None:
                    writer.write(refusal(head))
                    await writer.drain()
                    with suppress(TimeoutError):  # docker reads an answer after it has sent its request
                        async with asyncio.timeout(DRAIN_SECONDS):
                            while await reader.read(HEAD_LIMIT):
                                pass
                    return
                back_reader, back_writer = await asyncio.open_unix_connection(self.engine)
                back_writer.write(asked)
                try:
                    await asyncio.gather(pipe(reader, back_writer), pipe(back_reader, writer))
                finally:
                    back_writer.close()
            finally:
                writer.close()


def requested(head: bytes) -> bytes | None:
    """Return the head of an allowed request, changed to close the connection; None for any other request."""
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    request, fields = REQUEST_LINE.fullmatch(first), [FIELD.fullmatch(line) for line in lines]
    if request is None or None in fields:
        return None
    names = [field[1].lower() for field in fields if field]
    framed = "content-length" in names and "transfer-encoding" in names
    if framed or any(names.count(name) > 1 for name in ONCE):
        return None
    path = unquote(request[2].partition("?")[0])
    asked, upgrades = f"{request[1]} {path}", "upgrade" in names
    allowed = UPGRADED.fullmatch(asked) or (not upgrades and ALLOWED.fullmatch(asked))
    if not allowed or ".." in path:
        return None
    kept = [line for line, name in zip(lines, names, strict=True) if name != "connection"]
    connection = "Connection: Upgrade, close" if upgrades else "Connection: close"
    return "\r\n".join([first, connection, *kept, "", ""]).encode("latin-1")


def refusal(head: bytes) -> bytes:
    """Return an answer whose message docker shows, as the engine does."""
    line = head.split(b"\r\n", 1)[0].decode("latin-1")
    message = f"builds of the local AWS may only build, pull, tag and push images, got {line!r}"
    body = json.dumps({"message": message}).encode()
    fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"HTTP/1.1 403 Forbidden\r\n{fields}\r\n\r\n".encode() + body
