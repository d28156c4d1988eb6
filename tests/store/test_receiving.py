from __future__ import annotations

import asyncio
import sqlite3

import pytest
from inbox_requests import request_of
from msgspec.structs import replace

from treckk_gateway.errors import SchemaTooNew, StoreLocked, StoreUnavailable
from treckk_gateway.store.orders import Filing
from treckk_gateway.store.sqlite import FILE_NAME, SQLiteStore


async def test_twenty_copies_at_once_are_one_row(store):
    answers = await asyncio.gather(*[store.accept(request_of("SM1")) for _ in range(20)])
    assert sorted(answers) == [(False,)] * 19 + [(True,)]
    assert (await store.counters()).received == 1


async def test_one_id_on_two_channels_is_two_messages(store):
    assert await store.accept(request_of("SM1", channel="wa")) == (True,)
    assert await store.accept(request_of("SM1", channel="sms")) == (True,)


async def test_an_empty_id_is_refused_as_a_key_and_its_neighbours_are_kept(store):
    good = [store.accept(request_of(f"SM{n}")) for n in range(31)]
    outcomes = await asyncio.gather(*good[:15], store.accept(request_of("")), *good[15:], return_exceptions=True)
    assert isinstance(outcomes[15], sqlite3.IntegrityError)
    assert (await store.counters()).received == 31


async def test_a_batch_stores_the_raw_request_once_and_keeps_it_until_all_items_are_filed(store):
    await store.accept(request_of("batch", items=3))
    assert [(await store.inbox(n)).raw for n in (1, 2, 3)] == [b"sealed batch"] * 3
    await store.file(Filing(inbox_id=1, now=2))
    await store.file(Filing(inbox_id=3, now=2))
    assert (await store.inbox(2)).raw == b"sealed batch"
    await store.file(Filing(inbox_id=2, now=2))
    await store.file(Filing(inbox_id=1, now=2))
    assert [(await store.inbox(n)).raw for n in (1, 2, 3)] == [None] * 3


async def test_the_raw_request_is_dropped_when_a_single_message_is_filed(store):
    await store.accept(request_of("SM1"))
    await store.file(Filing(inbox_id=1, now=2))
    assert (await store.inbox(1)).raw is None


async def test_the_books_balance_in_every_state(store):
    await store.accept(request_of("new"))
    await store.accept(request_of("parked", parked="not a form"))
    await store.accept(request_of("filed"))
    await store.file(Filing(inbox_id=3, now=2))
    books = await store.counters()
    assert (books.received, books.filed, books.parked, books.new) == (3, 1, 1, 1)


async def test_a_parked_request_can_be_replayed_once(store):
    await store.accept(request_of("parked", parked="not a form"))
    assert [row.reason for row in await store.parked(None, 10)] == ["not a form"]
    assert await store.unpark(1, 5) is True
    assert await store.unpark(1, 5) is False
    assert (await store.inbox(1)).state == "new"


async def test_only_the_head_of_a_lane_is_due(store):
    for n in range(5):
        await store.accept(request_of(f"a{n}", lane=b"a"))
    await store.accept(request_of("b", lane=b"b"))
    assert [wake.row_id for wake in await store.heads(2_000_000, 10)] == [1, 6]
    await store.postpone(1, 9_000_000)
    assert [wake.row_id for wake in await store.heads(2_000_000, 10)] == [6], "a head in back-off holds its own lane"


async def test_what_was_accepted_is_there_for_another_process(store, tmp_path):
    await store.accept(request_of("SM1"))
    other = sqlite3.connect(f"file:{tmp_path / FILE_NAME}?mode=ro", uri=True)
    assert other.execute("SELECT dedupe_key FROM inbox").fetchall() == [("SM1",)]
    other.close()


async def test_a_second_process_on_the_folder_is_refused_and_free_afterwards(store, tmp_path):
    second = SQLiteStore(tmp_path, fingerprint="f" * 16)
    with pytest.raises(StoreLocked, match="another process"):
        await second.open()
    await store.close()
    await second.open()
    await second.close()


async def test_data_of_another_key_is_refused_with_both_fingerprints(tmp_path):
    first = SQLiteStore(tmp_path, fingerprint="a" * 16)
    await first.open()
    await first.close()
    with pytest.raises(StoreUnavailable, match="aaaaaaaaaaaaaaaa"):
        await SQLiteStore(tmp_path, fingerprint="b" * 16).open()


async def test_data_of_a_newer_version_is_refused(tmp_path):
    first = SQLiteStore(tmp_path, fingerprint="a" * 16)
    await first.open()
    await first.close()
    raw = sqlite3.connect(tmp_path / FILE_NAME)
    raw.execute("PRAGMA user_version=99")
    raw.close()
    with pytest.raises(SchemaTooNew, match="99"):
        await SQLiteStore(tmp_path, fingerprint="a" * 16).open()


async def test_a_closed_store_refuses_everything(tmp_path):
    store = SQLiteStore(tmp_path, fingerprint="a" * 16)
    await store.open()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.accept(request_of("SM1"))
    with pytest.raises(StoreUnavailable):
        await store.counters()


async def test_what_was_parked_ends_with_its_days_key_and_what_waits_is_spared(store):
    await store.intake_key("100", b"old")
    await store.intake_key("101", b"waiting")
    await store.intake_key("200", b"young")
    for number, (day, parked) in enumerate([("100", "odd"), ("101", None), ("200", "odd")]):
        wanted = request_of(f"SM{number}", parked=parked)
        await store.accept(replace(wanted, key_day=day))
    assert await store.end_intake_keys(150) == 1
    assert (await store.inbox(1)).raw is None
    assert await store.unpark(1, 5) is False
    assert (await store.inbox(2)).raw is not None
    assert (await store.inbox(3)).raw is not None
    assert await store.intake_key("101", b"new") == b"waiting"
    assert await store.intake_key("100", b"new") == b"new", "the old key is gone for good"
    assert await store.accept(request_of("SM0")) == (False,), "a repeat is still known"
