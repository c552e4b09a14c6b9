"""Builders of buildx's driver `remote`.

The image of the driver `docker-container` is on a public registry, which not every machine may reach.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.deployment import Deployment

# What the client of the `docker` driver asks the engine for: from there on the connection is BuildKit's.
UPGRADE = (
    b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n"
)


@contextmanager
def builder(deployment: Deployment, address: str) -> Iterator[str]:
    """Make a builder of the driver `remote`, and yield its name."""
    deployment.docker("buildx", "create", "--name", "far", "--driver", "remote", address)
    try:
        yield "far"
    finally:
        deployment.docker("buildx", "rm", "far")


@contextmanager
def remote_builder(deployment: Deployment) -> Iterator[str]:
    """Yield the name of a builder whose BuildKit is the engine's own, at a socket like that of any remote one."""
    # A socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="buildkit-"))
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / "buildkitd.sock"))
    server.listen()
    engine = deployment.engine.host.removeprefix("unix://")
    threading.Thread(target=_serve, args=(server, engine), daemon=True).start()
    try:
        with builder(deployment, f"unix://{folder}/buildkitd.sock") as name:
            yield name
    finally:
        server.close()
        shutil.rmtree(folder)


def _serve(server: socket.socket, engine: str) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return  # closed
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(engine)
        upstream.sendall(UPGRADE)
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += upstream.recv(1)
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        for source, target in ((client, upstream), (upstream, client)):
            threading.Thread(target=_forward, args=(source, target), daemon=True).start()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
