"""The types and helpers that the emulator's ASGI applications share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer = tuple[int, Mapping[str, str], bytes]

LOOPBACK_HOSTS = ("127.0.0.1", "localhost")


def request_headers(scope: Scope) -> dict[str, str]:
    """Return a request's headers by lower-case name, with repeated ones joined as SigV4 signs them."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers


def host_of(headers: dict[str, str]) -> str:
    """Return the name in the Host header, without the port."""
    return headers.get("host", "").rsplit(":", 1)[0].lower()


def response_start(given: Answer) -> Message:
    """Return the head of an answer as an ASGI message."""
    status, headers, _ = given
    encoded = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": encoded}


async def answer(send: Send, given: Answer) -> None:
    """Send an answer whole."""
    await send(response_start(given))
    await send({"type": "http.response.body", "body": given[2], "more_body": False})
