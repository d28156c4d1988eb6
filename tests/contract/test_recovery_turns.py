"""One look at a time for messages whose webhook never came, whoever looks."""

from __future__ import annotations

import asyncio

from deeds import SECOND, START

from treckk_gateway.store.orders import Pace

EVERY = 300 * SECOND
LEASE = 600 * SECOND


async def begin(store, now):
    return await store.begin_recovery("wa", now, now + LEASE, EVERY)


async def test_the_first_look_comes_after_a_while_and_begins_where_the_channel_began(store):
    assert await begin(store, START) is None
    assert await begin(store, START + EVERY - 1) is None
    assert await begin(store, START + EVERY) == START


async def test_of_many_at_once_one_looks(others):
    await begin(others[0], START)
    later = START + EVERY
    outcomes = await asyncio.gather(*[begin(others[n % 3], later) for n in range(9)])
    assert sorted(outcomes, key=str) == [START, *[None] * 8]


async def test_a_look_that_never_ended_is_taken_up_by_others(others):
    await begin(others[0], START)
    now = START + EVERY
    assert await begin(others[0], now) == START
    assert await begin(others[1], now + LEASE - 1) is None
    assert await begin(others[1], now + LEASE) == START


async def test_what_was_reached_is_where_the_next_look_begins(store):
    await begin(store, START)
    now = START + EVERY
    await begin(store, now)
    await store.advance_recovery("wa", now - SECOND, 2, now, now + EVERY)
    assert await begin(store, now + EVERY - 1) is None
    assert await begin(store, now + EVERY) == now - SECOND
    await store.advance_recovery("wa", START, 1, now + EVERY, now + 2 * EVERY)  # a late end sets nothing back

    [row] = await store.recoveries()
    assert (row.channel_id, row.reached, row.found, row.looked_at) == ("wa", now - SECOND, 3, now + EVERY)


async def test_a_provider_that_cannot_say_is_asked_for_the_same_again(store):
    await begin(store, START)
    now = START + EVERY
    await begin(store, now)
    await store.postpone_recovery("wa", now + EVERY)
    assert await begin(store, now) is None
    assert await begin(store, now + EVERY) == START


async def test_a_clock_that_was_set_back_keeps_nobody_waiting(store):
    await begin(store, START)
    assert await begin(store, START - 3600 * SECOND) == START


async def test_channels_do_not_wait_for_each_other(store):
    await begin(store, START)
    await store.begin_recovery("sms", START, START + LEASE, EVERY)
    assert await begin(store, START + EVERY) == START
    assert await store.begin_recovery("sms", START + EVERY, START + LEASE, EVERY) == START


async def test_turns_keep_the_rate(store):
    pace = Pace(interval=SECOND, burst=SECOND)
    assert [await store.take_turn("wa", START, pace) for _ in range(3)] == [None, None, START + SECOND]
    assert await store.take_turn("wa", START + SECOND, pace) is None
