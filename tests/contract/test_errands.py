"""One job for a message and all that follows from it (storage-and-engine reference, 6.2 to 6.5)."""

from __future__ import annotations

import asyncio

import attrs
import pytest
from backends import BRISK, real_time, until
from deeds import SECOND, begin, draft, end, number_of, person, queue, request_of

from treckk_gateway.errors import StoreUnavailable
from treckk_gateway.store.orders import Filing
from treckk_gateway.store.postgres.errand import ERRAND, Errand, Follow, Whose
from treckk_gateway.store.postgres.sweep import Lateness
from treckk_gateway.store.rows import Go, Topic, Wake

NO_SWEEP = attrs.evolve(BRISK, sweep=3600.0, poll=5.0)
"""Nothing is found but by a job, or by whoever takes over."""


@pytest.fixture
async def store(living, opening):
    return await opening(living, horizon=7200.0)


class Answering:
    """Files each message with an answer to one conversation, and sends that."""

    def __init__(self, living, store, conversation, *, meanwhile=None):
        self.living, self.store, self.conversation = living, store, conversation
        self.meanwhile = meanwhile
        self.jobs = []
        self.failing = 0

    async def __call__(self, wake):
        if wake.topic is Topic.INBOX:
            drafts = (draft(self.conversation, f"answer-{wake.row_id}"),)
            await self.store.file(Filing(inbox_id=wake.row_id, now=real_time(), drafts=drafts))
            return
        if self.failing:
            self.failing -= 1
            raise StoreUnavailable("away")
        self.jobs.append(self.living.rows("SELECT args->>'topic', status::text FROM procrastinate_jobs"))
        if self.meanwhile is not None:
            await self.meanwhile()
        attempt = f"attempt-{wake.row_id}"
        if isinstance(await begin(self.store, wake.row_id, now=real_time(), attempt=attempt), Go):
            await end(self.store, wake.row_id, now=real_time(), attempt_id=attempt)


async def answered(store, count=1):
    books = await store.counters()
    return (books.new, books.outbox, books.filed) == (0, 0, count)


async def test_an_answer_leaves_under_the_job_of_its_message(living, store, working):
    _, conversation = await person(store, 1)
    answering = Answering(living, store, conversation)
    working(living.wakeups(store, pulse=NO_SWEEP), answering)
    await store.accept(request_of("SM1", now=real_time()))
    await until(lambda: answered(store))
    assert answering.jobs == [[("inbox", "doing")]]
    await until(lambda: living.rows("SELECT 1 FROM procrastinate_jobs") == [])


async def test_many_who_answer_one_conversation_leave_nothing_lying(living, store, opening, working):
    """Each comes upon the others at work there: whoever is at it learns that there is more."""
    _, conversation = await person(store, 1)
    for one in (store, await opening(living)):
        working(living.wakeups(one, pulse=NO_SWEEP), Answering(living, one, conversation))
    for n in range(40):
        await store.accept(request_of(f"SM{n}", lane=b"%d" % n, now=real_time()))
    await until(lambda: answered(store, 40), within=60)
    found = living.rows("SELECT outbox_id FROM attempt ORDER BY started_at, outbox_id")
    assert sorted(found) == found
    assert len(found) == 40


async def test_what_followed_from_a_job_whose_worker_died_is_taken_over_with_it(living, store, working):
    """Its message is filed, the answer has no job of its own, and a sweep looked at it just before."""
    _, conversation = await person(store, 1)
    await store.accept(request_of("SM1", now=real_time()))
    await store.file(Filing(inbox_id=1, now=real_time()))
    await queue(store, conversation, "answer", now=real_time())
    living.rows("DELETE FROM procrastinate_jobs WHERE args->>'topic' = 'outbox'")
    living.rows("UPDATE outbox SET woken_at = ?", real_time())
    answering = Answering(living, store, conversation)
    working(living.wakeups(store, pulse=NO_SWEEP), answering)
    await until(lambda: living.rows("SELECT 1 FROM procrastinate_jobs") == [])
    assert (await store.counters()).outbox == 1, "nobody knows of it"

    living.rows("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
    living.rows(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id) SELECT 'treckk',"
        " 'treckk.wake', '{\"topic\": \"inbox\", \"owner\": 1}', 'doing', max(id) FROM procrastinate_workers"
        " WHERE last_heartbeat < now() - interval '1 minute'"
    )
    await until(lambda: answered(store))
    assert len(answering.jobs) == 1


async def test_who_is_woken_by_a_sweep_does_not_come_between_those_at_work(living, store, working):
    """A sweep wakes past the lock of a lane, since its holder may be dead; it may also just be slow."""
    handed, begun, go_on = [], asyncio.Event(), asyncio.Event()

    async def slow(wake):
        handed.append(wake.row_id)
        if wake.row_id == 2:
            begun.set()
            await go_on.wait()
        await store.file(Filing(inbox_id=wake.row_id, now=real_time()))

    for n in range(2):
        await store.accept(request_of(f"SM{n}", lane=b"one", now=real_time()))
    working(living.wakeups(store, pulse=attrs.evolve(NO_SWEEP, poll=0.2)), slow)
    await begun.wait()
    await until(lambda: not living.rows("SELECT 1 FROM procrastinate_jobs WHERE lock IS NULL"))
    assert await store.sweep(real_time(), Lateness(overdue=0, again=0)) == 1
    await until(lambda: not living.rows("SELECT 1 FROM procrastinate_jobs WHERE lock IS NULL"))
    assert handed == [1, 2]
    go_on.set()
    await until(lambda: answered(store, 2))
    assert handed == [1, 2]


async def test_what_is_left_when_a_worker_stops_gets_a_job_for_others(living, store):
    _, conversation = await person(store, 1)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(wake):
        begun.set()
        await go_on.wait()
        answer = (draft(conversation, "answer"),)
        await store.file(Filing(inbox_id=wake.row_id, now=real_time(), drafts=answer))

    await store.accept(request_of("SM1", now=real_time()))
    first = living.wakeups(store, pulse=NO_SWEEP)
    running = asyncio.create_task(first.run(slow))
    await begun.wait()
    stopping = asyncio.create_task(first.stop(20.0))
    await asyncio.sleep(0)
    go_on.set()
    await stopping
    await running
    assert (await store.counters()).filed == 1
    assert ("outbox",) in living.rows("SELECT args->>'topic' FROM procrastinate_jobs WHERE status = 'todo'")


async def test_a_database_that_was_away_for_a_moment_costs_no_sweep(living, store, working):
    _, conversation = await person(store, 1)
    answering = Answering(living, store, conversation)
    answering.failing = 1
    working(living.wakeups(store, pulse=NO_SWEEP), answering)
    await store.accept(request_of("SM1", now=real_time()))
    await until(lambda: answered(store))


async def test_what_is_due_later_has_a_job_of_its_own(living, store, working):
    _, conversation = await person(store, 1)

    async def file(wake):
        later = (draft(conversation, "later", due=real_time() + 3600 * SECOND),)
        await store.file(Filing(inbox_id=wake.row_id, now=real_time(), drafts=later))

    working(living.wakeups(store, pulse=NO_SWEEP), file)
    await store.accept(request_of("SM1", now=real_time()))
    found = "SELECT args->>'topic', scheduled_at > now() FROM procrastinate_jobs WHERE status = 'todo'"
    await until(lambda: living.rows(found) == [("outbox", True)])


async def test_whoever_no_longer_waits_for_a_transaction_does_not_make_it_forgotten(living, store):
    """As where a handler gives up after a time: the row is there, so somebody must see to it."""
    _, conversation = await person(store, 1)
    seen = []

    async def see_to(found):
        seen.append(found)

    errand = Errand(lambda found: asyncio.create_task(see_to(found)))
    ERRAND.set(errand)
    writing = asyncio.create_task(queue(store, conversation, "answer", now=real_time()))
    await asyncio.sleep(0)
    writing.cancel()
    await errand.over()
    assert writing.cancelled()
    assert number_of(living, "answer") == 1
    assert seen == [((Topic.OUTBOX, conversation.id), Wake(Topic.OUTBOX, 1, f"outbox:{conversation.id}"))]
    assert living.rows("SELECT 1 FROM procrastinate_jobs") == []


async def test_after_an_errand_is_over_work_has_jobs_again(living, store):
    """A task that outlives the handler that began it."""
    _, conversation = await person(store, 1)
    errand = Errand(lambda _: asyncio.create_task(asyncio.sleep(0)))
    ERRAND.set(errand)
    await errand.over()
    await queue(store, conversation, "answer", now=real_time())
    assert living.rows("SELECT args->>'topic' FROM procrastinate_jobs") == [("outbox",)]


async def test_an_errand_that_is_called_off_calls_off_what_is_under_way():
    async def long():
        await asyncio.sleep(3600)

    errand = Errand(lambda _: asyncio.create_task(long()))
    errand.take([Follow(Whose(Topic.INBOX, 1))])
    under_way = set(errand._under_way)
    waiting = asyncio.create_task(errand.over())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert all(one.cancelled() for one in under_way)
    assert errand.closed
