"""Keeping many requests at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from treckk_gateway.store.orders import NewRequest
from treckk_gateway.store.sql import Connection
from treckk_gateway.store.sql.inbox import INSERT, VALUES, accept, values_of

_MOST_TOGETHER = 128


@lru_cache(maxsize=_MOST_TOGETHER)
def _keeping(count: int) -> str:
    return f"{INSERT} {', '.join([VALUES] * count)} ON CONFLICT DO NOTHING"


class AcceptTogether:
    """`accept` for many requests: those of one item in as few statements as can be."""

    def __call__(self, connection: sqlite3.Connection, arguments: Sequence[NewRequest]) -> list[tuple[bool, ...]]:
        """For each request whether its items are new."""
        results: list[tuple[bool, ...]] = [()] * len(arguments)
        single = [number for number, one in enumerate(arguments) if len(one.items) == 1]
        for begin in range(0, len(single), _MOST_TOGETHER):
            _accept_single(connection, arguments, single[begin : begin + _MOST_TOGETHER], results)
        for number, one in enumerate(arguments):
            if len(one.items) != 1:
                results[number] = accept(cast("Connection", connection), one)
        return results

    def is_one_statement(self, arguments: Sequence[NewRequest]) -> bool:
        """Whether all of them are stored by a single insert."""
        return len(arguments) <= _MOST_TOGETHER and all(len(one.items) == 1 for one in arguments)


accept_together = AcceptTogether()


def _accept_single(
    connection: sqlite3.Connection, requests: Sequence[NewRequest], chosen: list[int], results: list[tuple[bool, ...]]
) -> None:
    values: list[object] = []
    for number in chosen:
        values += values_of(requests[number], 0, requests[number].raw, None)
    done = connection.execute(_keeping(len(chosen)), values)
    for number in chosen:
        results[number] = (True,)
    if done.rowcount == len(chosen):
        return
    # Some were known. Only this connection inserts, so what is new are the last rows, in the order given.
    query = "SELECT channel_id, dedupe_key FROM inbox ORDER BY id DESC LIMIT ?"
    new = set(connection.execute(query, (done.rowcount,)))
    for number in chosen:
        key = (requests[number].channel_id, requests[number].items[0].dedupe_key)
        results[number] = (key in new,)
        new.discard(key)
