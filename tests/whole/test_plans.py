"""No operation on a message's way reads a growing table from end to end: each finds its rows by an index."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from folk import ARIF, BUDI, COMPLAINT, number_in
from stored import SHARED

from treckk_gateway.store.sqlite import connection as lite

GROWING = (
    "inbox", "reporter", "reporter_key", "reporter_identity", "conversation", "cases", "case_party", "case_event",
    "message", "attachment", "finding", "form_value", "outbox", "attempt", "receipt", "timer", "access_log",
    "suppression",
)  # fmt: skip
SELDOM = re.compile(r"count\(\*\)|sqlite_schema|UPDATE timer SET due = \? WHERE kind = 'clock'")
"""The books, which no message waits for, and what runs once where the clocks' limits changed."""
WAITING = ("inbox_new", "inbox_parked", "outbox_due", "outbox_urgent", "outbox_quiet", "outbox_stuck", "outbox_sending")
"""Indexes that hold only what waits, however much is over: they may be read from end to end."""


def bound(statement):
    """How many values a statement takes; a mark with a number may stand more than once."""
    most = 0
    for number in re.findall(r"\?(\d*)", statement):
        most = max(most, int(number)) if number else most + 1
    return most


@pytest.fixture
def asked(monkeypatch):
    """Every statement that reads or changes rows, as it was written."""
    found: dict[str, None] = {}

    class Recording(lite.Connection):
        def execute(self, statement, *values):
            found[statement] = None
            return super().execute(statement, *values)

        def executemany(self, statement, *values):
            found[statement] = None
            return super().executemany(statement, *values)

    monkeypatch.setattr(lite, "Connection", Recording)
    return found


@pytest.mark.skipif(SHARED, reason="SQLite tells its plan for an empty table too; both databases have the same indexes")
async def test_what_a_message_needs_is_found_by_an_index(asked, make_town, tmp_path):
    town = await make_town(channels=("whatsapp", "email"))
    for way, person in (("whatsapp", BUDI), ("email", ARIF)):
        await town.write(way, person, COMPLAINT)
        reference = number_in((await town.hears(way, person))[0])
        await town.move(reference, "under_review", by="rini")
        await town.hears(way, person, 2)
    await town.write("whatsapp", BUDI, f"Bagaimana laporan {reference}?")
    await town.hears("whatsapp", BUDI, 3)
    status, _ = await town.api("POST", f"/cases/{reference}/erasure", by="pak-kasat", reason="permintaan pelapor")
    assert status == 200
    scans = []
    with closing(sqlite3.connect(f"file:{tmp_path / 'data' / 'treckk.db'}?mode=ro", uri=True)) as opened:
        for statement in asked:
            if not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)", statement) or SELDOM.search(statement):
                continue
            given = dict.fromkeys(re.findall(r":(\w+)", statement)) or [None] * bound(statement)
            for *_, plan in opened.execute(f"EXPLAIN QUERY PLAN {statement}", given):
                scanned = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", plan)
                if scanned and scanned[1] in GROWING and scanned[2] not in WAITING:
                    scans.append((plan, statement))
    assert len(asked) > 60
    assert scans == []
