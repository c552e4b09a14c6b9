"""Lets only programs that hold the secret of this run call the emulated AWS.

Other users of this machine, RUN steps on the host's network, and web pages that the developer opens can all reach a
port of 127.0.0.1. So each API call must be signed with the run's secret (SigV4, as every AWS SDK does), and the registry
requires a login. The gate refuses a foreign Host (DNS rebinding) or Origin (a page of another site) first, and no answer
of an API allows cross-origin reading.

Only two kinds of address need no signature: those that are public on AWS too (load balancers, API Gateway, function
URLs), and those with a random token (CloudFormation's response URLs, task metadata, layers).
"""

from __future__ import annotations

import base64
import contextvars
import hmac
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from ministack import app as ministack_app

from cdk_local_aws.emulator.asgi import (
    LOOPBACK_HOSTS,
    Answer,
    Application,
    Message,
    Receive,
    Scope,
    Send,
    answer,
    host_of,
    request_headers,
)
from cdk_local_aws.emulator.keys import REGISTRY_USER, Keys
from cdk_local_aws.emulator.signatures import body_problem, is_signed_by_hash, signature_problem
from cdk_local_aws.tls_front import ECR_HOST

HEALTH = "/_ministack/health"
WITH_TOKEN = re.compile(
    r"PUT /_ministack/cfn-(?:response|signal)/[^/]{20,}|GET /v4/[A-Za-z0-9_-]{20,}(?:/.*)?"
)
APPLICATION = re.compile(
    r"/_alb/[^/]+(?:/.*)?"
    r"|/_aws/execute-api/[^/]+/[^/]+(?!/@connections)(?:/.*)?"
    r"|/restapis/[^/]+/[^/]+/_user_request_(?!/@connections)(?:/.*)?"
    r"|/_aws/lambda-url/[^/]+(?:/.*)?"
)
LAYER = re.compile(r"/v2/.+/blobs/sha256:[0-9a-f]{64}")

XML_SERVICE = re.compile(r"Credential=[^,]*/(?:s3|route53|cloudfront)/aws4_request")

_unsigned = contextvars.ContextVar("unsigned", default=False)


class Gate:
    """ASGI application that passes a request on to the one behind it, or refuses it."""

    def __init__(self, keys: Keys, behind: Application) -> None:
        self._keys = keys
        self._behind = behind
        login = f"{REGISTRY_USER}:{keys.registry_password}".encode()
        self._registry_login = "Basic " + base64.b64encode(login).decode()
        guard_services()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._behind(scope, receive, send)
            return
        headers, path = request_headers(scope), scope["path"]
        reason = foreign(headers)
        if reason:
            await refuse(scope, send, error_answer(headers, "AccessDenied", reason))
        elif path == HEALTH:
            await answer(send, (200, {"content-type": "text/plain"}, b"ok"))
        elif APPLICATION.fullmatch(path) and host_of(headers) in LOOPBACK_HOSTS:
            _unsigned.set(True)
            await self._behind(scope, receive, send)
        elif scope["type"] == "websocket":
            await refuse(
                scope, send, error_answer(headers, "AccessDenied", "no API of AWS is at this address")
            )
        elif WITH_TOKEN.fullmatch(f"{scope['method']} {path}"):
            await self._behind(bare(scope), receive, without_cors(send))
        elif ministack_app._is_ecr_registry_path(path):
            await self._registry(scope, headers, receive, send)
        else:
            await self._api(scope, headers, receive, send)

    async def _registry(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        """Pass on a request with the registry's login, or a download of a layer by its signed address."""
        query = {
            name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()
        }
        by_signature = (
            scope["method"] in ("GET", "HEAD")
            and LAYER.fullmatch(scope["path"])
            and self._keys.opens_layer(
                scope["path"],
                host=query.get("ns", ""),
                expires=query.get("expires", ""),
                signature=query.get("signature", ""),
            )
        )
        if by_signature or hmac.compare_digest(
            self._registry_login.encode(), headers.get("authorization", "").encode()
        ):
            await self._behind(scope, receive, without_cors(send))
            return
        problem = {"code": "UNAUTHORIZED", "message": "log in with aws ecr get-login-password"}
        challenge = f'Basic realm="http://{headers["host"]}/",service="ecr.amazonaws.com"'
        head = {"content-type": "application/json", "www-authenticate": challenge}
        # Clients would read the body of an answer to HEAD as the next answer.
        body = b"" if scope["method"] == "HEAD" else json.dumps({"errors": [problem]}).encode()
        await answer(send, (401, {**head, "content-length": str(len(body))}, body))

    async def _api(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        """Pass on a signed call of an API."""
        body, by_hash = b"", is_signed_by_hash(headers)
        if not by_hash:  # the signature covers the body itself, or the body may choose the service
            body, receive = await buffered(receive)
        problem = signature_problem(scope, headers, body)
        if by_hash and not problem:
            # Do not buffer the body of a sender without the secret.
            body, receive = await buffered(receive)
            problem = body_problem(scope, headers, body)
        if problem:
            await answer(send, error_answer(headers, *problem))
        else:
            await self._behind(scope, receive, without_cors(send))


def guard_services() -> None:
    """Answer 404 to every unsigned request that ministack would route to a service's API."""
    stock = ministack_app._dispatch_service_request

    async def dispatch(method: str, path: str, headers: dict[str, str], *rest: Any) -> Any:
        if _unsigned.get():
            return (
                404,
                {"Content-Type": "text/plain"},
                b"no load balancer, API or function URL is at this address\n",
            )
        return await stock(method, path, headers, *rest)

    ministack_app._dispatch_service_request = dispatch


def foreign(headers: dict[str, str]) -> str | None:
    """Return why a request does not come from this machine, or None if it does."""
    host = host_of(headers)
    # The TLS front passes on requests for ECR. That domain is Amazon's, so no other page comes from it.
    if host not in LOOPBACK_HOSTS and not ECR_HOST.fullmatch(host):
        return f"Host: {host!r} is not a name of the local AWS; use 127.0.0.1"
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).hostname not in LOOPBACK_HOSTS:
        return f"Origin: pages of {origin} may not call the local AWS"
    if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
        return "Sec-Fetch-Site: pages of other sites may not call the local AWS"
    return None


def error_answer(headers: dict[str, str], code: str, message: str) -> Answer:
    """Return a refusal as the AWS SDKs read it: JSON, or XML for S3 and services that take forms."""
    scope = XML_SERVICE.search(headers.get("authorization", ""))
    if not scope and "x-www-form-urlencoded" not in headers.get("content-type", ""):
        body = json.dumps({"__type": code, "message": message})
        return 403, {"content-type": "application/json", "x-amzn-errortype": code}, body.encode()
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></ErrorResponse>"
    return 403, {"content-type": "text/xml", "x-amzn-errortype": code}, body.encode()


async def refuse(scope: Scope, send: Send, given: Answer) -> None:
    """Send a refusal, or close a WebSocket before it opens."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await answer(send, given)


async def buffered(receive: Receive) -> tuple[bytes, Receive]:
    """Read a request's whole body; return it, and a `receive` that returns it again."""
    parts, gone = [], False
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            gone = True
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    body = b"".join(parts)
    handed_out = False

    async def replay() -> Message:
        nonlocal handed_out
        if handed_out:
            return await receive()
        handed_out = True
        return (
            {"type": "http.disconnect"}
            if gone
            else {"type": "http.request", "body": body, "more_body": False}
        )

    return body, replay


def bare(scope: Scope) -> Scope:
    """Remove the query and the headers by which ministack chooses a service or an account."""
    kept = [h for h in scope["headers"] if h[0].lower() in (b"host", b"content-type", b"content-length")]
    return {**scope, "headers": kept, "query_string": b""}


def without_cors(send: Send) -> Send:
    """Return a `send` that drops the headers which let a page of another origin read the answer."""

    async def forward(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [h for h in message["headers"] if not h[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return forward
