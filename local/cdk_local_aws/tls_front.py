"""Forwards HTTPS for ECR's host names to the emulator, as a proxy on loopback.

cdk-ecr-deployment's function copies images between `https://<account>.dkr.ecr.<region>.amazonaws.com` addresses. It runs
unmodified, with HTTPS_PROXY set to this proxy, which ends TLS with a certificate of its own authority and forwards the
bytes with the Host header. It refuses every other host.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass

import trustme

logger = logging.getLogger("tls_front")

ECR_HOST = re.compile(r"(?:\d{12}\.dkr\.ecr|api\.ecr|ecr)\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?")
CHUNK = 256 * 1024
HEAD_LIMIT = 16 * 1024


@dataclass(frozen=True)
class TlsFront:
    """The proxy of an emulator. authority: signs its certificates."""

    emulator_port: int
    authority: trustme.CA

    async def start(self) -> int:
        """Listen on a free port of 127.0.0.1, and return the port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_LIMIT)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: CONNECT, TLS, then bytes in both directions."""
        with suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            try:
                await self._connect(reader, writer)
            finally:
                writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        host = requested_host(head)
        if host is None:
            line = head.split(b"\r\n", 1)[0].decode("latin-1")
            logger.warning("refused %r: only ECR's hosts on port 443 are served", line)
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        await writer.start_tls(server_context(self.authority, host))
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self.emulator_port)
        try:
            await asyncio.gather(pipe(reader, back_writer), pipe(back_reader, writer))
        finally:
            back_writer.close()


def server_context(authority: trustme.CA, host: str) -> ssl.SSLContext:
    """Return TLS for a server of this host, which speaks HTTP/1.1 only, as the emulator does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    authority.issue_cert(host).configure_cert(context)
    return context


def requested_host(head: bytes) -> str | None:
    """Return the host of a CONNECT request, or None if it is not one of ECR's."""
    match = re.match(rb"CONNECT ([a-z0-9.-]+):443 HTTP/1\.[01]\r\n", head)
    host = match[1].decode("ascii") if match else ""
    return host if ECR_HOST.fullmatch(host) else None


async def pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy bytes until their end, then end the target's stream."""
    with suppress(OSError, ssl.SSLError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
        target.close()
