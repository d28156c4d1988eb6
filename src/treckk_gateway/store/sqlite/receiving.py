"""Keeping many requests at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from treckk_gateway.store.orders import NewRequest
from treckk_gateway.store.sql import Connection
from treckk_gateway.store.sql.inbox import INSERT, accept

_MOST_TOGETHER = 128
_NEW = (True,)

# Python's sqlite3 looks for an adapter for each None and each bytes, which costs more than to store it: so no None is
# bound here, and bytes go as bytearrays.
_VALUES = "(?, ?, ?, ?, ?, ?, ?, NULL, ?, nullif(?, ''), ?, nullif(?, ''), ?)"


# Binding a value costs more than storing it too, so what a batch shares is bound once: channel, kind and day.
_SHARED = 3
_OWN = "(?1, ?{0}, ?2, 0, ?{1}, ?3, ?{2}, NULL, ?{3}, NULL, 'new', NULL, ?{3})"


@lru_cache(maxsize=_MOST_TOGETHER)
def _keeping(count: int) -> str:
    return f"{INSERT} {', '.join([_VALUES] * count)} ON CONFLICT DO NOTHING"


@lru_cache(maxsize=_MOST_TOGETHER)
def _keeping_alike(count: int) -> str:
    places = range(_SHARED + 1, _SHARED + 1 + 4 * count, 4)
    rows = (_OWN.format(*range(place, place + 4)) for place in places)
    return f"{INSERT} {', '.join(rows)} ON CONFLICT DO NOTHING"


class AcceptTogether:
    """`accept` for many requests: those of one item in as few statements as can be."""

    def __call__(self, connection: sqlite3.Connection, arguments: Sequence[NewRequest]) -> list[tuple[bool, ...]]:
        """For each request whether its items are new."""
        results: list[tuple[bool, ...]] = [()] * len(arguments)
        single = [number for number, one in enumerate(arguments) if len(one.items) == 1]
        for begin in range(0, len(single), _MOST_TOGETHER):
            chosen = single[begin : begin + _MOST_TOGETHER]
            for number, new in zip(chosen, _insert(connection, [arguments[one] for one in chosen]), strict=True):
                results[number] = new
        for number, one in enumerate(arguments):
            if len(one.items) != 1:
                results[number] = accept(cast("Connection", connection), one)
        return results

    def at_once(
        self, connection: sqlite3.Connection, arguments: Sequence[NewRequest]
    ) -> Sequence[tuple[bool, ...]] | None:
        """The same where a single insert stores all of them."""
        if len(arguments) > _MOST_TOGETHER or [1 for one in arguments if len(one.items) != 1]:
            return None
        return _insert(connection, arguments)


accept_together = AcceptTogether()


def _insert(connection: sqlite3.Connection, requests: Sequence[NewRequest]) -> Sequence[tuple[bool, ...]]:
    """Insert requests of one item each."""
    alike = _alike(requests)
    if alike is not None:
        done = connection.execute(_keeping_alike(len(requests)), alike)
    else:
        done = connection.execute(_keeping(len(requests)), [one for request in requests for one in _values(request)])
    if done.rowcount == len(requests):
        return [_NEW] * len(requests)
    # Some were known. Only this connection inserts, so what is new are the last rows, in the order given.
    query = "SELECT channel_id, dedupe_key FROM inbox ORDER BY id DESC LIMIT ?"
    new = set(connection.execute(query, (done.rowcount,)))
    results = []
    for request in requests:
        key = (request.channel_id, request.items[0].dedupe_key)
        results.append((key in new,))
        new.discard(key)
    return results


def _alike(requests: Sequence[NewRequest]) -> list[object] | None:
    """The values of requests that differ in key, lane, raw request and time alone; `None` when some differ more."""
    channel_id, kind, day = requests[0].channel_id, requests[0].items[0].kind, requests[0].key_day
    values: list[object] = [channel_id, kind, day]
    for request in requests:
        item = request.items[0]
        if request.channel_id != channel_id or item.kind != kind or request.key_day != day:
            return None
        if item.item or item.claimed_at is not None or request.parked is not None:
            return None
        values += (item.dedupe_key, bytearray(item.lane), bytearray(request.raw), request.received_at)
    return values


def _values(request: NewRequest) -> tuple[object, ...]:
    item = request.items[0]
    return (
        request.channel_id,
        item.dedupe_key,
        item.kind,
        item.item,
        bytearray(item.lane),
        request.key_day,
        bytearray(request.raw),
        request.received_at,
        "" if item.claimed_at is None else item.claimed_at,
        "parked" if request.parked else "new",
        request.parked or "",
        request.received_at,
    )
