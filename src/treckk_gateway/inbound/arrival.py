"""A request that was verified and read, on its way into the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from treckk_gateway.channel import WebhookRequest
from treckk_gateway.model import Instant
from treckk_gateway.store.orders import NewItem


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A verified request, read and not yet stored: its items, and the request as `pack` keeps it."""

    channel_id: str
    items: tuple[NewItem, ...]
    request: bytes
    received_at: Instant
    parked: str | None = None


Keep = Callable[[Arrival], Awaitable[tuple[bool, ...]]]
"""Stores an arrival in the database; for each item whether it is new."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[str, str, list[tuple[str, str]], bytes]).decode


def pack(request: WebhookRequest, kept: Sequence[str]) -> bytes:
    """A request as it is stored: with the headers that parsing reads, and no others."""
    headers = [(name, value) for name in kept for value in request.headers.getall(name, ())]
    return _pack((request.method, request.url, headers, request.body))


def unpack(stored: bytes) -> WebhookRequest:
    """The request again."""
    method, url, headers, body = _unpack(stored)
    return WebhookRequest.of(method, url, headers, body)
