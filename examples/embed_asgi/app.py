"""The gateway in any ASGI framework: a plain ASGI application without a dependency beside the gateway.

::

    TRECKK_CONFIG=treckk.toml uvicorn app:app --lifespan on

Mount `app` where your framework mounts foreign applications (then enter the gateway in the framework's own lifespan,
since most hand it to no mounted application), or copy `taken` into a handler of its own. What matters is the same
everywhere: the raw body, the raw path and query, headers as pairs, and the address the gateway is configured with.
Run one worker process: the data folder belongs to one.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote

import structlog

from treckk_gateway import Gateway, TreckkError, WebhookRequest, WebhookResponse
from treckk_gateway.privacy import redact

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CHANNELS = "/channels/"


class Webhooks:
    """`/channels/{channel_id}` of a gateway, as an ASGI application. The lifespan opens and closes the gateway."""

    def __init__(self, gateway: Callable[[], Gateway]) -> None:
        self._make = gateway
        self._gateway: Gateway | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            answer = await self._answer(scope, receive)
            if answer is not None:
                await reply(send, answer)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                self._gateway = await stack.enter_async_context(self._make())
            except (TreckkError, OSError) as problem:
                await send({"type": "lifespan.startup.failed", "message": str(problem)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self._gateway = None
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive) -> WebhookResponse | None:
        gateway = self._gateway
        if gateway is None:
            return WebhookResponse(503, headers={"Retry-After": "30"})
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        channel_id = path.removeprefix(CHANNELS)
        if not path.startswith(CHANNELS) or "/" in channel_id:
            return WebhookResponse(404)
        request = await taken(scope, receive, gateway)
        return await gateway.receive(channel_id, request) if request is not None else None


async def taken(scope: Scope, receive: Receive, gateway: Gateway) -> WebhookRequest | None:
    """The request as it came, or `None` when the peer hung up.

    The signature covers these very bytes: never decode, parse or rebuild them. The address is the configured one with
    the raw path and query; `Host` and `X-Forwarded-*` are written by whoever calls and take no part.
    """
    body = await whole_body(receive, gateway.settings.max_body)
    if body is None:
        return None
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    called = raw_path.decode("latin-1").removeprefix(quote(scope.get("root_path", "")))
    query = scope["query_string"].decode("latin-1")
    url = gateway.settings.public_url + called + (f"?{query}" if query else "")
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    return WebhookRequest.of(scope["method"], url, headers, body)


async def whole_body(receive: Receive, most: int) -> bytes | None:
    """The body, or its beginning once it is larger than the gateway takes: that is answered 413."""
    body = bytearray()
    while len(body) <= most:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += event.get("body", b"")
        if not event.get("more_body", False):
            break
    return bytes(body)


async def reply(send: Send, answer: WebhookResponse) -> None:
    """Give back what the channel answers, its status and content type included."""
    headers = {"content-type": answer.content_type, "content-length": str(len(answer.body)), **answer.headers}
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    await send({"type": "http.response.body", "body": answer.body})


def configured() -> Gateway:
    """The gateway of `TRECKK_CONFIG`, with a log that shows nothing personal.

    The library sets up no logging, that is the host's part. As structlog comes, it may show exceptions with the values
    of variables, and so what somebody wrote. `redact` drops unknown keys, the host's own included.
    """
    structlog.configure(processors=[structlog.processors.add_log_level, redact, structlog.processors.JSONRenderer()])
    return Gateway.from_config(os.environ.get("TRECKK_CONFIG", "treckk.toml"))


app = Webhooks(configured)
