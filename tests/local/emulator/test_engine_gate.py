"""The requests of a build that pass the gate in front of the container engine's socket."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest

from cdk_local_aws.emulator.engine_gate import EngineGate
from cdk_local_aws.engine import Engine

SMUGGLED = b"POST /containers/create HTTP/1.1\r\nHost: docker\r\nContent-Length: 2\r\n\r\n{}"


async def exchange(engine: Path, request: bytes, *, ends: bool) -> bytes:
    """Send bytes to a gate in front of an engine, end the stream if it `ends`, and return the answer."""
    with tempfile.TemporaryDirectory() as folder:  # the path of a socket is short
        gate = EngineGate(engine=engine, socket=Path(folder, "gate", "docker.sock"))
        await gate.start()
        reader, writer = await asyncio.open_unix_connection(gate.socket)
        writer.write(request)
        if ends:
            writer.write_eof()
        async with asyncio.timeout(30):
            answer = await reader.read()
        writer.close()
        return answer


async def passed_on(request: bytes) -> bytes:
    """Return what an engine that closes each connection receives of a request."""
    received = b""

    async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        received += await reader.read(65536)
        writer.close()

    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder, "engine.sock")
        async with await asyncio.start_unix_server(record, socket):
            await exchange(socket, request, ends=True)
    return received


def head(first: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join([first, b"Host: docker", *lines, b"", b""])


PING = b"GET /_ping HTTP/1.1"
LOAD = b"POST /images/load HTTP/1.1"
REFUSED = {
    "a head that ends at bare newlines": b"GET /images/x/json HTTP/1.1\nHost: d\n\n" + SMUGGLED,
    "a bare newline in a field": head(PING, b"X: y\n\n" + SMUGGLED),
    "a bare newline in the query": head(b"GET /images/json?x=\n HTTP/1.1"),
    "a bare return": head(PING, b"X: y\rZ: z"),
    "a NUL": head(PING, b"X: y\0"),
    "a folded line": head(PING, b"X: y", b" z"),
    "a space before the colon": head(PING, b"Connection : keep-alive"),
    "a line without a colon": head(PING, b"X"),
    "a space in the path": head(b"GET /images/x /containers/json HTTP/1.1"),
    "a byte that is not ASCII in the path": head(b"GET /images/\xa0/json HTTP/1.1"),
    "a path upwards": head(b"GET /images/../containers/json HTTP/1.1"),
    "an encoded path upwards": head(b"GET /images/%2e%2e/containers/json HTTP/1.1"),
    "an encoded newline": head(b"GET /images/x%0a/json HTTP/1.1"),
    "a full address": head(b"GET http://docker/containers/json HTTP/1.1"),
    "two lengths": head(LOAD, b"Content-Length: 2", b"Content-Length: 40"),
    "a length and chunks": head(LOAD, b"Content-Length: 2", b"Transfer-Encoding: chunked"),
    "two encodings": head(LOAD, b"Transfer-Encoding: chunked", b"transfer-encoding: identity"),
    "two hosts": head(PING, b"host: other"),
    "an upgrade of a request for images": head(b"GET /images/json HTTP/1.1", b"Upgrade: h2c"),
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.0": head(b"GET /_ping HTTP/1.0"),
    "a container": SMUGGLED,
}


@pytest.mark.parametrize("request_", REFUSED.values(), ids=REFUSED.keys())
def test_the_engine_sees_nothing_of(request_: bytes) -> None:
    assert asyncio.run(passed_on(request_)) == b""


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (
            head(b"POST /v1.51/images/create?fromImage=a%2Fb&tag=c HTTP/1.1", b"Connection: keep-alive"),
            b"POST /v1.51/images/create?fromImage=a%2Fb&tag=c HTTP/1.1\r\nConnection: close\r\n"
            b"Host: docker\r\n\r\n",
        ),
        (
            head(b"GET /images/a%40sha256:0a/json HTTP/1.1"),
            b"GET /images/a%40sha256:0a/json HTTP/1.1\r\nConnection: close\r\nHost: docker\r\n\r\n",
        ),
        (
            head(b"POST /v1.51/session HTTP/1.1", b"Connection: Upgrade", b"Upgrade: h2c"),
            b"POST /v1.51/session HTTP/1.1\r\nConnection: Upgrade, close\r\nHost: docker\r\n"
            b"Upgrade: h2c\r\n\r\n",
        ),
    ],
)
def test_the_engine_sees_an_image_request_that_closes_its_connection(sent: bytes, received: bytes) -> None:
    assert asyncio.run(passed_on(sent)) == received


def test_the_engine_answers_one_request_of_a_connection(engine: Engine) -> None:
    """The gate does not check a second request."""
    twice = head(PING, b"Connection: keep-alive") + head(b"GET /containers/json HTTP/1.1")
    answered = asyncio.run(exchange(Path(engine.host.removeprefix("unix://")), twice, ends=False))
    # Closing a socket that holds an unread request may discard the first answer too.
    assert answered.count(b"HTTP/1.1 ") <= 1
    assert answered[-2:] in (b"OK", b"")
