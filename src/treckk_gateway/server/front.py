"""The plain webhook is taken straight from its connection; whatever else comes is given to aiohttp, byte for byte.

aiohttp makes a stream, a request and a response of each message, which is half of what a webhook costs. A request is
plain when one read brought all of it: a POST to a channel, with a length, on a connection that stays open. The parser
is aiohttp's own, so nothing is understood in two ways: what it refuses, or what is not plain, aiohttp gets anew. Heads
that it read before are recognized without it (`plain.py`).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import cast
from urllib.parse import urlsplit

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, HttpVersion11, RawRequestMessage
from multidict import MultiMapping

from treckk_gateway.channel import WebhookRequest
from treckk_gateway.server.plain import Heads
from treckk_gateway.server.webhooks import Webhooks
from treckk_gateway.server.written import written

LONGEST = 2**16
"""Bytes of a plain request, its head and body together; longer ones are aiohttp's."""

IDLE_SECONDS = 3630.0
"""How long a connection may stay silent: as long as aiohttp's, so that no proxy is closed in the face."""

_LOOK_SECONDS = 60.0
_HEAD_END = b"\r\n\r\n"
_GENUINE = range(200, 300)

Protocols = Callable[[], asyncio.Protocol]
_Arrived = tuple[str, WebhookRequest, RawRequestMessage | None]
"""A channel, what came for it, and the message as aiohttp read it where its head was not known."""


class Front:
    """Makes the protocol of each connection: call it as asyncio calls a protocol factory."""

    def __init__(self, webhooks: Webhooks, otherwise: Protocols) -> None:
        self.webhooks = webhooks
        self.otherwise = otherwise
        self.channels = _by_path(webhooks)
        self.heads = Heads()
        self.connections: set[PlainWebhooks] = set()
        self.loop = asyncio.get_running_loop()
        self.nobody = BaseProtocol(self.loop)
        """Whom parsers tell to read slower: what they parse is here already."""
        self.ending = False
        self._look = self.loop.call_later(_LOOK_SECONDS, self._close_idle)

    def __call__(self) -> PlainWebhooks:
        """A protocol for one connection."""
        return PlainWebhooks(self)

    async def end(self, seconds: float) -> None:
        """Answer what is under way, for at most `seconds`, and close every connection that is still ours."""
        self.ending = True
        self._look.cancel()
        busy = [one.busy for one in self.connections if one.busy is not None]
        if busy:
            await asyncio.wait(busy, timeout=seconds)
        for one in tuple(self.connections):
            one.close()

    def _close_idle(self) -> None:
        before = self.loop.time() - IDLE_SECONDS
        for one in tuple(self.connections):
            if one.busy is None and one.since < before:
                one.close()
        self._look = self.loop.call_later(_LOOK_SECONDS, self._close_idle)


class PlainWebhooks(asyncio.Protocol):
    """One connection, as long as nothing but plain webhooks comes over it, one after the other."""

    __slots__ = ("_front", "_late", "_requests", "_transport", "busy", "since")

    def __init__(self, front: Front) -> None:
        self._front = front
        self._late = b""
        self._requests = HttpRequestParser(front.nobody, front.loop, LONGEST, auto_decompress=False)
        self._transport: asyncio.Transport | None = None
        self.busy: asyncio.Task[None] | None = None
        self.since = front.loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody called."""
        self._transport = cast("asyncio.Transport", transport)
        self._front.connections.add(self)
        with suppress(OSError, AttributeError):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio's own signature
        """Whoever called is gone; what was brought is kept all the same."""
        self._transport = None
        self._front.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Take a plain webhook, or leave the connection to aiohttp from this byte on."""
        if self.busy is not None:
            self._late += data
            if self._transport is not None:
                self._transport.pause_reading()
            return
        plain = self._plain(data)
        if plain is None:
            self._give_over(data)
        else:
            self.busy = self._front.loop.create_task(self._take(*plain))

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def _plain(self, data: bytes) -> _Arrived | None:
        if len(data) > LONGEST:
            return None
        known = self._front.heads.recognize(data)
        if known is not None:
            return self._for_channel(*known, None)
        return self._parsed(data) if data.startswith(b"POST ") else None

    def _parsed(self, data: bytes) -> _Arrived | None:
        head = data.find(_HEAD_END) + len(_HEAD_END)
        if head < len(_HEAD_END):
            return None
        try:
            messages, upgraded, _tail = self._requests.feed_data(data)
        except Exception:  # noqa: BLE001 aiohttp is given the same bytes, and refuses them in its own words
            return None
        if len(messages) != 1 or upgraded:
            return None
        message, body = messages[0]
        if not _common(message) or not body.is_eof():
            return None
        whole = body.read_nowait(-1)
        if head + len(whole) != len(data):  # the parser keeps the beginning of a next request to itself
            return None
        return self._for_channel(message.path, message.headers, whole, message)

    def _for_channel(
        self, target: str, headers: MultiMapping[str], body: bytes, unknown: RawRequestMessage | None
    ) -> _Arrived | None:
        path, mark, query = target.partition("?")
        found = self._front.channels.get(path)
        if found is None:
            return None
        channel_id, address = found
        return channel_id, WebhookRequest("POST", address + mark + query, headers, body), unknown

    async def _take(self, channel_id: str, request: WebhookRequest, unknown: RawRequestMessage | None) -> None:
        try:
            answer = await self._front.webhooks.answer(channel_id, request)
        except BaseException:
            self.close()
            raise
        self.busy = None
        if unknown is not None and answer.status in _GENUINE:
            self._front.heads.learn(unknown)
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(written(answer))
        self.since = self._front.loop.time()
        if self._front.ending:
            transport.close()
        elif self._late:
            late, self._late = self._late, b""
            transport.resume_reading()
            self.data_received(late)

    def _give_over(self, data: bytes) -> None:
        transport = cast("asyncio.Transport", self._transport)
        self._front.connections.discard(self)
        protocol = self._front.otherwise()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(data)


def _common(message: RawRequestMessage) -> bool:
    return (
        message.version == HttpVersion11
        and not (message.should_close or message.upgrade or message.chunked or message.compression)
        and "Expect" not in message.headers
    )


def _by_path(webhooks: Webhooks) -> Mapping[str, tuple[str, str]]:
    """Each channel and its public address by the path it is called at.

    Below the path of `public_url` too, which some proxies remove.
    """
    below = urlsplit(webhooks.gateway.settings.public_url).path
    return {
        f"{prefix}/channels/{one}": (one, webhooks.address(one))
        for one in webhooks.gateway.channels
        for prefix in {"", below}
    }
