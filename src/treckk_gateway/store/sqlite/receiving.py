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


@lru_cache(maxsize=_MOST_TOGETHER)
def _keeping(count: int) -> str:
    return f"{INSERT} {', '.join([_VALUES] * count)} ON CONFLICT DO NOTHING"


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
    values: list[object] = []
    for request in requests:
        values += _values(request)
    done = connection.execute(_keeping(len(requests)), values)
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
