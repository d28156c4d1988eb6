"""What is due is done, in order, by whoever is there (reference, section 10, tests 9, 10, 14, 15 and 27)."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from backends import real_time, until
from deeds import SECOND, begin, end, person, queue, request_of

from treckk_gateway.store.orders import Filing
from treckk_gateway.store.rows import Go, Topic


class Sending:
    """What the sender does, with a provider that is slow and sometimes says no."""

    def __init__(self, store, *, moods=0.0):
        self.store = store
        self.moods = moods
        self.chance = random.Random(11)  # noqa: S311 a fixed order of troubles
        self.calls = []

    async def __call__(self, wake):
        row = await self.store.outbox(wake.row_id)
        attempt = f"{row.delivery_id}/{row.attempts}/{id(self)}"
        if not isinstance(await begin(self.store, row.id, now=real_time(), attempt=attempt), Go):
            return
        self.calls.append((row.conversation_id, row.id, real_time()))
        await asyncio.sleep(self.chance.random() * 0.005)
        now = real_time()
        if row.attempts == 0 and self.chance.random() < self.moods:
            await end(self.store, row.id, "queued", now=now, attempt_id=attempt, due=now + SECOND // 20)
        else:
            await end(self.store, row.id, now=now, attempt_id=attempt)


@pytest.fixture
async def store(lively, opening):
    return await opening(lively)


async def sent(store):
    books = await store.counters()
    return books.outbox == 0


async def test_conversations_keep_their_order_whatever_providers_do(lively, store, opening, working):
    """Several workers; each message is called for once, but for those the provider told to come again."""
    stores = [store, await opening(lively)] if lively.many else [store]
    people = [(await person(store, n))[1] for n in range(10)]
    for turn in range(8):
        await asyncio.gather(*[queue(store, one, f"{one.id}-{turn}", now=real_time()) for one in people])
    crew = [Sending(one, moods=0.2) for one in stores]
    for one in crew:
        working(lively.wakeups(one.store), one)
    await until(lambda: sent(store), within=60)

    calls = sorted((call for one in crew for call in one.calls), key=lambda call: call[2])
    firsts = {}
    for conversation, row, _ in calls:
        firsts.setdefault(conversation, [])
        if row not in firsts[conversation]:
            firsts[conversation].append(row)
    assert {len(rows) for rows in firsts.values()} == {8}
    assert all(rows == sorted(rows) for rows in firsts.values())
    assert max(Counter(row for _, row, _ in calls).values()) <= 2


async def test_the_second_of_two_quick_messages_follows_at_once(lively, store, working):
    """An engine that fetched only what nobody holds would let it wait for the next poll."""
    _, conversation = await person(store, 1)
    sending = Sending(store)
    working(lively.wakeups(store), sending)
    await queue(store, conversation, "warm", now=real_time())
    await until(lambda: sent(store))
    await queue(store, conversation, "first", "second", now=real_time())
    await until(lambda: sent(store))
    first, second = [at for _, _, at in sending.calls][1:]
    assert second - first < SECOND


async def test_what_is_due_later_leaves_then_and_not_before(lively, store, working):
    _, conversation = await person(store, 1)
    sending = Sending(store)
    working(lively.wakeups(store), sending)
    due = real_time() + SECOND
    await queue(store, conversation, "later", now=real_time(), due=due)
    await until(lambda: sent(store))
    [(_, _, at)] = sending.calls
    assert 0 <= at - due < 2 * SECOND


async def test_a_head_that_must_wait_holds_up_nobody_else(lively, store, working):
    sending = Sending(store)
    working(lively.wakeups(store), sending)
    _, slow = await person(store, 1)
    await queue(store, slow, "head", now=real_time(), due=real_time() + 3600 * SECOND)
    for n in range(2, 6):
        _, conversation = await person(store, n)
        await queue(store, slow, f"behind {n}", now=real_time())
        await queue(store, conversation, f"free {n}", now=real_time())
    await until(lambda: len(sending.calls) == 4)
    assert slow.id not in {conversation for conversation, _, _ in sending.calls}


async def test_messages_of_a_lane_are_filed_one_after_the_other(lively, store, working):
    filed, at_once = [], Counter()

    async def file(wake):
        row = await store.inbox(wake.row_id)
        at_once[row.lane] += 1
        assert at_once[row.lane] == 1
        await asyncio.sleep(0.002)
        at_once[row.lane] -= 1
        if (await store.file(Filing(inbox_id=row.id, now=real_time()))).fresh:
            filed.append((row.lane, row.id))

    working(lively.wakeups(store), file)
    for n in range(60):
        await store.accept(request_of(f"SM{n}", lane=b"%d" % (n % 6), now=real_time()))
    await until(lambda: len(filed) == 60)
    for lane in {lane for lane, _ in filed}:
        rows = [row for one, row in filed if one == lane]
        assert rows == sorted(rows)


async def test_a_flood_of_messages_does_not_hold_back_what_is_to_be_sent(lively, store, working):
    order = []
    sending = Sending(store)

    async def work(wake):
        order.append(wake.topic)
        if wake.topic is Topic.OUTBOX:
            await sending(wake)
        else:
            await store.file(Filing(inbox_id=wake.row_id, now=real_time()))

    _, conversation = await person(store, 1)
    await queue(store, conversation, "answer", now=real_time())
    for n in range(60):
        await store.accept(request_of(f"SM{n}", lane=b"%d" % n, now=real_time()))
    working(lively.wakeups(store, slots=4), work)
    await until(lambda: len(order) == 61)
    assert order.index(Topic.OUTBOX) < 4


async def test_a_handler_that_fails_is_called_again_and_others_go_on(lively, store, working):
    tries = Counter()

    async def file(wake):
        tries[wake.row_id] += 1
        if wake.row_id == 1 and tries[1] < 3:
            raise RuntimeError("not yet")
        await store.file(Filing(inbox_id=wake.row_id, now=real_time()))

    working(lively.wakeups(store), file)
    for n in range(3):
        await store.accept(request_of(f"SM{n}", lane=b"%d" % n, now=real_time()))
    await until(lambda: tries[1] == 3)
    await until(lambda: emptied(store))
    assert (tries[2], tries[3]) == (1, 1)


async def emptied(store):
    return (await store.counters()).new == 0


@pytest.mark.parametrize("patience", [5.0, 0.05])
async def test_stopped_in_the_middle_it_finishes_or_leaves_the_rest_to_the_next(lively, store, opening, patience):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(wake):
        begun.set()
        await go_on.wait()
        await store.file(Filing(inbox_id=wake.row_id, now=real_time()))

    for n in range(4):
        await store.accept(request_of(f"SM{n}", lane=b"one", now=real_time()))
    first = lively.wakeups(store)
    running = asyncio.create_task(first.run(slow))
    await begun.wait()
    stopping = asyncio.create_task(first.stop(patience))
    if patience > 1:
        await asyncio.sleep(0.05)
        go_on.set()
    await stopping
    await running
    books = await store.counters()
    assert books.filed == (1 if patience > 1 else 0), "nothing new is begun"

    go_on.set()
    second = lively.wakeups(store)
    running = asyncio.create_task(second.run(slow))
    await until(lambda: emptied(store))
    await second.stop(2.0)
    await running


async def test_what_a_topic_is_woken_for_is_said_by_its_kind(lively, store, working):
    seen = set()

    async def look(wake):
        seen.add(wake.topic)
        if wake.topic is Topic.INBOX:
            await store.park(wake.row_id, "odd")
        else:
            await store.hold(wake.row_id, "cancelled", "over", None)

    working(lively.wakeups(store), look)
    _, conversation = await person(store, 1)
    await queue(store, conversation, "a", now=real_time())
    await store.accept(request_of("SM1", now=real_time()))
    await until(lambda: seen == {Topic.INBOX, Topic.OUTBOX})
