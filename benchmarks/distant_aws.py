"""Puts the emulated AWS as far away as AWS is: each request waits before it gets there."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_REQUEST = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) ")


@dataclass
class DistantAws:
    """A way to the port of an emulated AWS. seconds: that each request waits. calls: requests so far."""

    port: int
    seconds: float
    calls: int = 0

    @contextmanager
    def endpoint(self) -> Iterator[str]:
        """Yield the address of this way."""
        way = self

        class Connection(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                way._connect(self.request)

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection) as server:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                server.shutdown()

    def _connect(self, client: socket.socket) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as aws:
            threading.Thread(target=_answer, args=(aws, client), daemon=True).start()
            while data := client.recv(1 << 16):
                # A client sends its next request when it has the answer, so none begins in the middle.
                if _REQUEST.match(data):
                    self.calls += 1
                    time.sleep(self.seconds)
                aws.sendall(data)


def _answer(aws: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while data := aws.recv(1 << 16):
            client.sendall(data)
