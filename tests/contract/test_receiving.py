"""Accepting, setting aside, and the books (storage and engine reference, section 10, tests 1 to 6 and 39)."""

from __future__ import annotations

import asyncio

import pytest
from deeds import START, request_of

from treckk_gateway.errors import StoreError, StoreUnavailable
from treckk_gateway.store.orders import Filing
from treckk_gateway.store.rows import Topic


async def test_what_was_accepted_is_there_for_another_process(store, backend):
    await store.accept(request_of("SM1"))
    assert backend.rows("SELECT dedupe_key FROM inbox") == [("SM1",)]


async def test_twenty_copies_at_once_are_one_row(others):
    answers = await asyncio.gather(*[others[n % 3].accept(request_of("SM1")) for n in range(20)])
    assert sorted(answers) == [(False,)] * 19 + [(True,)]
    assert (await others[0].counters()).received == 1


async def test_one_id_on_two_channels_is_two_messages(store):
    assert await store.accept(request_of("SM1", channel="wa")) == (True,)
    assert await store.accept(request_of("SM1", channel="sms")) == (True,)


async def test_an_empty_id_is_refused_as_a_key_and_its_neighbours_are_kept(store):
    good = [store.accept(request_of(f"SM{n}")) for n in range(63)]
    outcomes = await asyncio.gather(*good[:15], store.accept(request_of("")), *good[15:], return_exceptions=True)
    assert "IntegrityError" in [kind.__name__ for kind in type(outcomes[15]).__mro__]
    assert not isinstance(outcomes[15], StoreError)
    assert outcomes[:15] + outcomes[16:] == [(True,)] * 63
    assert (await store.counters()).received == 63


async def test_new_and_known_items_of_a_batch_are_told_apart(store):
    await store.accept(request_of("SM3"))
    wanted = ["SM1", "SM2", "SM3", "SM1", "SM4"]
    assert await asyncio.gather(*[store.accept(request_of(key)) for key in wanted]) == [
        (True,), (True,), (False,), (False,), (True,),
    ]  # fmt: skip


async def test_a_batch_stores_the_raw_request_once_and_keeps_it_until_all_items_are_filed(store):
    await store.accept(request_of("batch", items=3))
    assert [(await store.inbox(n)).raw for n in (1, 2, 3)] == [b"sealed batch"] * 3
    await store.file(Filing(inbox_id=1, now=2))
    await store.file(Filing(inbox_id=3, now=2))
    assert (await store.inbox(2)).raw == b"sealed batch"
    await store.file(Filing(inbox_id=2, now=2))
    await store.file(Filing(inbox_id=1, now=2))
    assert [(await store.inbox(n)).raw for n in (1, 2, 3)] == [None] * 3


async def test_items_filed_at_once_by_several_drop_the_raw_request_all_the_same(others):
    await others[0].accept(request_of("batch", items=3))
    await asyncio.gather(*[one.file(Filing(inbox_id=n, now=2)) for n, one in enumerate(others, 1)])
    assert [(await others[0].inbox(n)).raw for n in (1, 2, 3)] == [None] * 3


async def test_some_items_of_a_request_may_be_known(store, backend):
    await store.accept(request_of("batch/1"))
    assert await store.accept(request_of("batch", items=3)) == (True, False, True)
    numbers = backend.rows("SELECT id FROM inbox ORDER BY dedupe_key")
    found = [(await store.inbox(number)).raw for (number,) in numbers]
    assert found == [b"sealed batch", b"sealed batch/1", b"sealed batch"]


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
    assert [wake.row_id for wake in await store.heads(START, 10)] == [1, 6]
    await store.postpone(1, START + 9)
    assert [wake.row_id for wake in await store.heads(START, 10)] == [6], "a head in back-off holds its own lane"
    assert await store.next_due() == START


async def test_a_flood_on_one_channel_leaves_room_for_the_others(store, backend):
    flood = [request_of(f"f{n}", lane=b"lane %d" % n) for n in range(600)]
    await asyncio.gather(*[store.accept(one) for one in flood])
    await store.accept(request_of("w", channel="web", lane=b"web"))
    await store.accept(request_of("same", channel="web", lane=b"lane 599"))

    [(other,)] = backend.rows("SELECT id FROM inbox WHERE dedupe_key = 'w'")
    found = [wake.row_id for wake in await store.heads(START, 16, far=True) if wake.topic is Topic.INBOX]

    assert len(found) == 13, "three quarters of the flood, and the other; whose earlier message waits there waits too"
    assert other in found[:2], "channels take turns"
    near = [wake.row_id for wake in await store.heads(START, 16) if wake.topic is Topic.INBOX]
    assert (len(near), other in near) == (12, False), "without looking far no more is read than is worked on"


async def test_characters_a_database_cannot_hold_lose_nothing(store):
    odd = "a\0b \ud83d\ude42".encode("utf-16", "surrogatepass").decode("utf-16")
    assert await store.accept(request_of(odd)) == (True,)
    assert await store.accept(request_of(odd)) == (False,)


async def test_what_was_parked_ends_with_its_days_key_and_what_waits_is_spared(store):
    await store.intake_key("100", b"old")
    await store.intake_key("101", b"waiting")
    await store.intake_key("200", b"young")
    for number, (day, parked) in enumerate([("100", "odd"), ("101", None), ("200", "odd")]):
        await store.accept(request_of(f"SM{number}", parked=parked, day=day))
    assert await store.end_intake_keys(150) == 1
    assert (await store.inbox(1)).raw is None
    assert await store.unpark(1, 5) is False
    assert (await store.inbox(2)).raw is not None
    assert (await store.inbox(3)).raw is not None
    assert await store.intake_key("101", b"new") == b"waiting"
    assert await store.intake_key("100", b"new") == b"new", "the old key is gone for good"
    assert await store.accept(request_of("SM0")) == (False,), "a repeat is still known"


async def test_all_processes_seal_a_day_with_one_key(others):
    keys = await asyncio.gather(*[one.intake_key("300", b"key of %d" % n) for n, one in enumerate(others)])
    assert len(set(keys)) == 1


async def test_data_of_another_key_is_refused_with_both_fingerprints(backend, store):
    other = backend.store()
    other._fingerprint = "b" * 16
    if not backend.many:
        await store.close()
    with pytest.raises(StoreUnavailable, match=r"f{16}.*b{16}"):
        await other.open()
    await other.close()


async def test_a_closed_store_refuses_everything(store):
    await store.accept(request_of("SM1"))
    await store.close()
    assert not store.alive
    for asking in (store.accept(request_of("SM2")), store.counters(), store.park(1, "no"), store.intake_key("1", b"")):
        with pytest.raises(StoreUnavailable):
            await asking


async def test_closing_stores_what_waits(backend, store, opening):
    waiting = [asyncio.ensure_future(store.accept(request_of(f"SM{n}"))) for n in range(100)]
    await asyncio.sleep(0)
    await store.close()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert answers == [(True,)] * 100
    assert (await (await opening(backend)).counters()).received == 100
