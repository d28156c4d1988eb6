"""Requests to keep, as the receiver would hand them over."""

from __future__ import annotations

from treckk_gateway.store.orders import NewItem, NewRequest


def request_of(key, *, channel="wa", lane=b"lane", now=1_000_000, items=1, parked=None):
    return NewRequest(
        channel_id=channel,
        items=tuple(
            NewItem(dedupe_key=f"{key}/{n}" if items > 1 else key, kind="message", lane=lane, item=n)
            for n in range(items)
        ),
        raw=b"sealed " + key.encode(),
        key_day="2026-11-24",
        received_at=now,
        parked=parked,
    )
