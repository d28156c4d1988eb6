"""A provider on loopback that answers as scripted: what the conformance kit sends to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol, Self

from aiohttp import web

from treckk_gateway.channel import WebhookRequest, WebhookResponse
from treckk_gateway.testing.loopback import Loopback

RETRY_AFTER = 7
"""Seconds the stand-in asks for when it is `BUSY`."""


class Fault(StrEnum):
    """How a provider misbehaves, in words that fit any protocol; HTTP stand-ins play the status in brackets."""

    REFUSED = "refused"  # nobody listens: the connection is refused
    BUSY = "busy"  # come again later (429 with Retry-After)
    BROKEN = "broken"  # fails after reading the message (500)
    SILENT = "silent"  # reads the message and never answers
    DROPPED = "dropped"  # reads the message and cuts the connection
    REJECTED = "rejected"  # this message never will be taken (400)
    DENIED = "denied"  # our credentials are not accepted (401)
    GONE = "gone"  # the endpoint is no more (410)
    MOVED = "moved"  # somewhere else, which must not be followed (302)
    GARBAGE = "garbage"  # success by its status, nonsense by its body (200)


class StandIn(Protocol):
    """What the conformance kit needs of a local provider."""

    async def play(self, fault: Fault | None) -> None:
        """Behave so from now on; `None` is well. Forgets what `reached` saw."""

    async def reached(self) -> None:
        """Return once a whole message was read since the last `play`."""

    def saw(self, text: str) -> int:
        """How many messages carried this text anywhere: address called, headers or body."""


Answer = Callable[[WebhookRequest], WebhookResponse]

_SCRIPTED: dict[Fault, Answer] = {
    Fault.BUSY: lambda _: WebhookResponse(429, headers={"Retry-After": str(RETRY_AFTER)}),
    Fault.BROKEN: lambda _: WebhookResponse(500),
    Fault.REJECTED: lambda _: WebhookResponse(400),
    Fault.DENIED: lambda _: WebhookResponse(401),
    Fault.GONE: lambda _: WebhookResponse(410),
    Fault.MOVED: lambda _: WebhookResponse(302, headers={"Location": "/moved"}),
    Fault.GARBAGE: lambda _: WebhookResponse(200, b"\xff\xfe<nonsense", "application/json"),
}


class HttpStandIn:
    """An HTTP provider on 127.0.0.1; an async context manager.

    `answer` gives the answer while no fault is played, `faults` a provider's own forms of some. `requests` are all
    requests read, oldest first; the `url` of each is the address called. A fault stays until the next `play`.
    """

    def __init__(
        self, answer: Answer = lambda _: WebhookResponse(), *, faults: dict[Fault, Answer] | None = None, port: int = 0
    ) -> None:
        self.requests: list[WebhookRequest] = []
        self._answer = answer
        self._faults = {**_SCRIPTED, **(faults or {})}
        self._fault: Fault | Answer | None = None
        self._server = Loopback(self._application, port)
        self._changed = asyncio.Condition()
        self._since_play = 0
        self._release = asyncio.Event()

    @property
    def url(self) -> str:
        """The base address, without a slash at its end. Known once entered."""
        return self._server.url

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._release.set()
        await self._server.close()

    async def play(self, fault: Fault | Answer | None) -> None:
        """Behave so from now on, or give that answer; hanging answers of before are let go."""
        self._release.set()
        self._release = asyncio.Event()
        self._since_play = len(self.requests)
        self._fault = fault
        if fault is Fault.REFUSED:
            self._release.set()
            await self._server.refuse()
        else:
            await self._server.start()

    async def reached(self) -> None:
        """Return once a whole request was read since the last `play`."""
        await self.arrived(self._since_play + 1)

    async def arrived(self, count: int) -> None:
        """Return once `count` requests were read since the start."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.requests) >= count)

    def saw(self, text: str) -> int:
        """How many requests carried this text in their address, a header or the body."""
        return sum(text.encode() in _everything(request) for request in self.requests)

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{tail:.*}", self._take)
        return app

    async def _take(self, called: web.Request) -> web.StreamResponse:
        request = WebhookRequest.of(
            called.method,
            f"{called.scheme}://{called.host}{called.raw_path}",
            called.headers.items(),
            await called.read(),
        )
        fault, release = self._fault, self._release
        async with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        if fault is Fault.SILENT:
            await release.wait()
        if fault in (Fault.SILENT, Fault.DROPPED):
            if called.transport is not None:
                called.transport.abort()
            return web.Response()
        answer = self._faults.get(fault, self._answer) if isinstance(fault, Fault) else fault or self._answer
        return _response(answer(request))


def _everything(request: WebhookRequest) -> bytes:
    head = "\n".join([request.url, *(f"{name}: {value}" for name, value in request.headers.items())])
    return head.encode("utf-8", "surrogateescape") + b"\n" + request.body


def _response(answer: WebhookResponse) -> web.Response:
    headers = {"Content-Type": answer.content_type, **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=headers)
