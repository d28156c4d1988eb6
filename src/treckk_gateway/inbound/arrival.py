"""A request that was verified and read, on its way into the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

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
