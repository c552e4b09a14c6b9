"""The TLS front forwards ECR's hosts to the emulator, and refuses others."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trustme

from cdk_local_aws.tls_front import TlsFront

HOST = "000000000000.dkr.ecr.us-east-1.amazonaws.com"


@asynccontextmanager
async def front() -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    """Start a front of a server that echoes requests; yield its port and a client's TLS that trusts it."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(head), head))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    authority = trustme.CA()
    port = await TlsFront(server.sockets[0].getsockname()[1], authority).start()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    yield port, trusting
    server.close()


def run(scenario: Callable[[int, ssl.SSLContext], Awaitable[None]]) -> None:
    async def main() -> None:
        async with front() as (port, trusting):
            await asyncio.wait_for(scenario(port, trusting), timeout=10)

    asyncio.run(main())


async def connect(port: int, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    """Send CONNECT, and return the stream with the proxy's answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    return reader, writer, await reader.readuntil(b"\r\n\r\n")


def test_a_request_for_ecr_reaches_the_emulator_with_its_host() -> None:
    async def scenario(port: int, trusting: ssl.SSLContext) -> None:
        reader, writer, answer = await connect(port, f"{HOST}:443")
        assert answer.startswith(b"HTTP/1.1 200 ")
        await writer.start_tls(trusting, server_hostname=HOST)
        writer.write(f"GET /v2/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        received = await reader.read()
        assert received.startswith(b"HTTP/1.1 200 OK")
        assert f"GET /v2/ HTTP/1.1\r\nHost: {HOST}".encode() in received

    run(scenario)


@pytest.mark.parametrize(
    "target",
    [
        "example.com:443",
        f"{HOST}:80",
        f"{HOST}.example.com:443",
        "evil.000000000000.dkr.ecr.us-east-1.amazonaws.com:443",
        "127.0.0.1:443",
    ],
)
def test_any_other_target_is_refused(target: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(port: int, trusting: ssl.SSLContext) -> None:
        _, _, answer = await connect(port, target)
        assert answer.startswith(b"HTTP/1.1 403 Forbidden")

    run(scenario)
    assert f"refused 'CONNECT {target} HTTP/1.1'" in caplog.text


def test_a_plain_proxy_request_is_refused() -> None:
    async def scenario(port: int, trusting: ssl.SSLContext) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 403 Forbidden")

    run(scenario)


def test_a_client_that_does_not_know_the_authority_does_not_trust_it() -> None:
    async def scenario(port: int, trusting: ssl.SSLContext) -> None:
        _, writer, _ = await connect(port, f"{HOST}:443")
        with pytest.raises(ssl.SSLCertVerificationError):
            await writer.start_tls(ssl.create_default_context(), server_hostname=HOST)

    run(scenario)
