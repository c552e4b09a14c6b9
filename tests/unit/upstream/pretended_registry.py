"""A small server on loopback that plays a registry, where a real one cannot be had: one that wants tokens."""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

INDEX = json.dumps({"schemaVersion": 2, "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(INDEX).hexdigest()}"


@dataclass
class PretendedRegistry:
    """What it is asked, and how it plays.

    wants_token: it gives manifests only for a token, which its own /token gives to everybody.
    token_answer: what /token answers in place of that token.
    tells_digest: answers carry Docker-Content-Digest.
    realm: where it sends for a token; by default its own /token.
    statuses: answers instead of manifests, by path.
    """

    wants_token: bool = False
    token_answer: bytes | None = None
    tells_digest: bool = True
    realm: str | None = None
    statuses: dict[str, int] = field(default_factory=dict)
    redirect: str = ""
    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)


@contextmanager
def pretended_registry(plays: PretendedRegistry) -> Iterator[PretendedRegistry]:
    """Serve on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            plays.asked.append((self.command, self.path))
            plays.authorizations.append(self.headers.get("Authorization"))
            if self.path.startswith("/token"):
                scope = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["scope"][0]
                self._answer(200, plays.token_answer or json.dumps({"token": f"for {scope}"}).encode())
            elif self.path in plays.statuses:
                self._answer(plays.statuses[self.path], b"")
            elif plays.redirect:
                self._answer(307, b"", Location=plays.redirect + self.path)
            elif plays.wants_token and self.headers.get("Authorization") != "Bearer for repository:a/b:pull":
                realm = plays.realm or f"http://{plays.address}/token"
                challenge = f'Bearer realm="{realm}",service="pretended",scope="repository:a/b:pull"'
                self._answer(401, b"", WWW_Authenticate=challenge)
            else:
                assert "application/vnd.oci.image.index.v1+json" in (self.headers.get("Accept") or "")
                self._answer(200, INDEX, **({"Docker_Content_Digest": DIGEST} if plays.tells_digest else {}))

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    plays.address = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield plays
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
