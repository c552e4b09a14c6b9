"""A registry in front of the registry: refuses or delays what a test asks it to."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


class _Proxy(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Be quiet about a client that has gone."""

    upstream: int
    refuse: str = ""
    delay: float = 0.0
    refused: int = 0
    blobs: set[str]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Docker tries TLS first, and falls back to HTTP only on an answer that starts with "HTTP/".
    default_request_version = "HTTP/1.1"
    server: _Proxy

    def _forward(self) -> None:
        body = self._body()
        if (
            self.server.refuse
            and self.command in ("PUT", "POST", "PATCH")
            and self.server.refuse in self.path
        ):
            self.server.refused += 1
            self._answer(403, {}, b'{"errors":[{"code":"DENIED","message":"not authorized"}]}')
            return
        time.sleep(self.server.delay)
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=300)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        upstream.request(self.command, self.path, body=body, headers=headers)
        answer = upstream.getresponse()
        if self.command == "GET" and "/blobs/" in self.path and answer.status == HTTPStatus.OK:
            self.server.blobs.add(self.path.rpartition("/")[2])
        self._answer(answer.status, dict(answer.getheaders()), answer.read())
        upstream.close()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        length = str(len(body))
        for name, value in headers.items():
            if name.lower() == "content-length":
                # A HEAD request's answer has a length and no body.
                length = value
            elif name.lower() not in _HOP_BY_HOP | {"date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _forward

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


@contextmanager
def registry_proxy(upstream: int, *, refuse: str = "", delay: float = 0.0) -> Iterator[_Proxy]:
    """Forward to the registry at port `upstream`.

    `blobs` of what is yielded are the digests that it has sent.

    refuse: answer writes whose path contains it with 403. delay: seconds before each request goes on.
    """
    server = _Proxy(("127.0.0.1", 0), _Handler)
    server.upstream, server.refuse, server.delay, server.blobs = upstream, refuse, delay, set()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
