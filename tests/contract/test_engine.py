"""PostgreSQL and its engine in trouble: rows are the truth (reference, section 6.3 to 6.5, and section 10)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter

import psycopg
import pytest
from backends import BRISK, real_time, until
from deeds import SECOND, begin, change, draft, end, event, number_of, open_case, person, queue, request_of

from treckk_gateway.errors import StoreBusy, StoreUnavailable
from treckk_gateway.store.orders import CaseFields, Filing, NewTimer
from treckk_gateway.store.postgres import intake, session
from treckk_gateway.store.postgres.sweep import Lateness

IN_TURN = "SELECT (args->>'owner')::bigint FROM procrastinate_jobs WHERE status = 'todo' ORDER BY priority DESC, id"
JOBS = "SELECT args->>'topic', (args->>'owner')::bigint FROM procrastinate_jobs WHERE status = 'todo'"


@pytest.fixture
async def store(living, opening):
    return await opening(living)


def jobs(living):
    return sorted(living.rows(JOBS))


async def counted(store):
    return (await store.counters()).new == 0


class Filer:
    """Files what it is handed and counts."""

    def __init__(self, store):
        self.store = store
        self.handed = Counter()

    async def __call__(self, wake):
        self.handed[wake.row_id] += 1
        await self.store.file(Filing(inbox_id=wake.row_id, now=real_time()))


# Atomic


async def test_a_row_and_its_job_are_there_together_or_not_at_all(living, store, monkeypatch):
    def failing(*_):
        raise psycopg.OperationalError("between row and job")

    monkeypatch.setattr(session, "defer", failing)
    with pytest.raises(StoreUnavailable):
        await store.accept(request_of("SM1"))
    assert (living.rows("SELECT 1 FROM inbox"), jobs(living)) == ([], [])
    monkeypatch.undo()
    assert await store.accept(request_of("SM1")) == (True,)
    assert len(jobs(living)) == 1


async def test_who_brings_little_goes_before_a_flood_that_came_first(living, store):
    flood = [request_of(f"f{n}", lane=b"lane %d" % n) for n in range(200)]
    for begin_ in range(0, 200, 50):
        await asyncio.gather(*[store.accept(one) for one in flood[begin_ : begin_ + 50]])
    await store.accept(request_of("w", channel="web", lane=b"web"))

    [(other,)] = living.rows("SELECT id FROM inbox WHERE dedupe_key = 'w'")
    order = [owner for (owner,) in living.rows(IN_TURN)]
    assert len(order) == 201
    assert order.index(other) <= 50, "behind the first of the flood alone"


def test_what_a_channel_brought_is_forgotten_by_halves():
    now = [0.0]
    crowds = intake.Crowds(lambda: now[0])
    assert crowds.behind(["wa"] * 100) == {"wa": 6}
    assert crowds.behind(["web"]) == {"web": 0}
    now[0] = 60.0
    assert crowds.behind(["wa"]) == {"wa": 0}


async def test_whatever_makes_something_due_wakes_it(living, store):
    """Every head that is due has a job, and what is due later has one for then."""
    now = real_time()
    reporter, conversation = await person(store, 1)
    other = (await person(store, 2))[1]
    filed = await open_case(store, "SM1", reporter, conversation, inbox_id=1, now=now)
    await store.accept(request_of("SM2", lane=b"two"))
    await store.postpone(2, now + 60 * SECOND)
    await store.accept(request_of("SM3", lane=b"three", parked="odd"))
    await store.unpark(3, now)
    case = await store.case(case_id=filed.case_id)
    await change(
        store, case, now=now, event=event(), drafts=(draft(other, "other", once=None),),
        timers=(NewTimer(kind="dispatch", instance="later", due=now + 60 * SECOND),),
    )  # fmt: skip
    await queue(store, other, "dead", now=now)
    living.rows("DELETE FROM procrastinate_jobs")

    for wanted, deed in (
        ([("outbox", conversation.id)], lambda: begin_and_end(living, store, "receipt-SM1", "queued", due=now)),
        ([], lambda: begin_and_end(living, store, "receipt-SM1", "sent")),
        ([("outbox", other.id)], lambda: begin_and_end(living, store, "other", "sent")),
        ([], lambda: begin_and_end(living, store, "dead", "dead")),
        ([("outbox", other.id)], lambda: store.revive(number_of(living, "dead"), None, now)),
        ([("timer", case.case_id)], lambda: store.postpone_timer(1, real_time() + SECOND // 2)),
        ([], lambda: store.postpone_timer(1, now + 3600 * SECOND)),
    ):
        await deed()
        assert jobs(living) == wanted
        living.rows("DELETE FROM procrastinate_jobs")


async def begin_and_end(living, store, name, state, **more):
    row = number_of(living, name)
    attempt = f"{name}/{state}"
    await begin(store, row, now=real_time(), attempt=attempt)
    assert await end(store, row, state, now=real_time(), attempt_id=attempt, **more)


async def test_jobs_hold_ids_and_nothing_else(living, store):
    reporter, conversation = await person(store, 1)
    await open_case(store, "SM1", reporter, conversation, inbox_id=1)
    await store.accept(request_of("SM2"))
    found = living.rows("SELECT args::text FROM procrastinate_jobs")
    assert found
    for (args,) in found:
        told = json.loads(args)
        assert set(told) == {"topic", "owner"}
        assert isinstance(told["owner"], int)


async def test_a_transaction_that_lost_against_another_is_begun_again(store):
    tries = []

    def losing(connection):
        tries.append(connection.execute("SELECT 1").fetchone())
        if len(tries) < 3:
            raise psycopg.errors.DeadlockDetected
        return "done"

    assert await store._write(losing) == "done"
    assert len(tries) == 3


async def test_two_who_lock_each_other_out_both_get_through(store):
    """A real deadlock: the database ends one of them, which begins again."""
    one, two = [(await person(store, n))[1].id for n in (1, 2)]
    first, second = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def crosswise(connection, ids, mine, theirs):
        connection.lock(conversations=[ids[0]])
        loop.call_soon_threadsafe(mine.set)
        asyncio.run_coroutine_threadsafe(theirs.wait(), loop).result(10)
        connection.lock(conversations=[ids[1]])
        return ids

    done = await asyncio.gather(
        store._write(crosswise, [one, two], first, second), store._write(crosswise, [two, one], second, first)
    )
    assert done == [[one, two], [two, one]]


# Trouble with the database


async def test_a_connection_lost_inside_a_transaction_leaves_nothing_of_it(living, store):
    def lost(connection):
        connection.execute("INSERT INTO sequence (name, last) VALUES ('x', 1)")
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StoreUnavailable):
        await store._write(lost)
    assert living.rows("SELECT 1 FROM sequence") == []
    assert await store.accept(request_of("SM1")) == (True,), "the next one finds a connection that lives"
    assert store.alive


async def test_connections_that_died_unseen_are_replaced_unnoticed(living, store, cluster):
    await asyncio.gather(*[store.counters() for _ in range(6)])
    assert cluster.cut(living.uri) > 1
    assert await store.accept(request_of("SM1")) == (True,)
    assert [one.received for one in await asyncio.gather(*[store.counters() for _ in range(12)])] == [1] * 12


@pytest.mark.parametrize("away", [0.3, 2 * BRISK.pool_timeout])
async def test_while_the_database_is_away_intake_refuses_and_afterwards_work_goes_on(
    living, store, cluster, working, away
):
    filer = Filer(store)
    working(living.wakeups(store), filer)
    await store.accept(request_of("SM0", now=real_time()))
    await until(lambda: counted(store))

    cluster.close_off(living.uri)
    begun = real_time()
    with pytest.raises((StoreUnavailable, StoreBusy)):
        await store.accept(request_of("SM1", now=real_time()))
    assert real_time() - begun < 3 * BRISK.pool_timeout * SECOND
    assert not store.alive
    await asyncio.sleep(away)
    cluster.let_in(living.uri)

    async def again():
        try:
            return await store.accept(request_of("SM2", now=real_time()))
        except (StoreUnavailable, StoreBusy):
            return None

    await until(again)
    await until(lambda: counted(store), within=40)
    await until(lambda: store.alive)
    assert living.rows("SELECT dedupe_key, state FROM inbox ORDER BY id") == [("SM0", "filed"), ("SM2", "filed")]


@pytest.fixture
def still(living):
    """The connections there are stand still until the test ends, as on a host that froze or behind a cut cable."""
    stopped = []

    def still():
        found = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        try:
            for (pid,) in living.rows(found):
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
        except (PermissionError, ProcessLookupError):
            pytest.skip("the server's processes are not ours to stop")

    def on():
        while stopped:
            os.kill(stopped.pop(), signal.SIGCONT)

    yield still, on
    on()


async def test_a_database_that_stands_still_counts_as_away_until_it_answers(living, opening, still):
    stand, go_on = still
    store = await opening(living, queue_seconds=0.1)
    assert await store.accept(request_of("SM0")) == (True,)
    assert store.alive
    await store.counters()
    stand()
    waiting = asyncio.ensure_future(store.accept(request_of("SM1")))
    await until(lambda: not store.alive)
    with pytest.raises(StoreBusy):
        await store.accept(request_of("SM2"))
    go_on()
    assert await waiting == (True,)
    await until(lambda: store.alive)
    assert await store.accept(request_of("SM2")) == (True,)


async def test_a_store_is_closed_though_the_database_stands_still(living, opening, still):
    stand, _ = still
    store = await opening(living)
    waiting = asyncio.ensure_future(store.accept(request_of("SM0")))
    await waiting
    await store.counters()
    stand()
    asked = [asyncio.ensure_future(store.accept(request_of("SM1"))), asyncio.ensure_future(store.counters())]
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await store.close()
    for one in asked:
        one.cancel()
    await asyncio.gather(*asked, return_exceptions=True)


async def test_without_any_work_too_it_is_seen_that_the_database_stands_still(living, store, still):
    stand, go_on = still
    assert store.alive
    await store.counters()
    stand()
    await until(lambda: not store.alive)
    go_on()
    await until(lambda: store.alive)


async def test_a_full_disk_is_told_as_such_and_nothing_is_called_good(living, store):
    """The database's own error for a full disk, raised where the row would be written."""
    living.rows(
        "CREATE FUNCTION full_disk() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$"
        " LANGUAGE plpgsql"
    )
    living.rows("CREATE TRIGGER full_disk BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION full_disk()")
    outcomes = await asyncio.gather(*[store.accept(request_of(f"SM{n}")) for n in range(30)], return_exceptions=True)
    assert {type(one) for one in outcomes} == {StoreUnavailable}
    assert "DiskFull" in str(outcomes[0])
    living.rows("DROP TRIGGER full_disk ON inbox")
    assert await store.accept(request_of("SM1")) == (True,)


async def test_past_its_bounds_intake_refuses_at_once(living, opening, cluster):
    store = await opening(living, queue_limit=20)
    with psycopg.connect(living.uri) as holding:
        holding.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        waiting = [asyncio.ensure_future(store.accept(request_of(f"SM{n}"))) for n in range(21)]
        await until(lambda: len(store._intake._queue) == 20 or store._intake._since is not None)
        more = [asyncio.ensure_future(store.accept(request_of(f"more{n}"))) for n in range(40)]
        refused = [one for one in await asyncio.wait_for(first_done(more), 2) if isinstance(one, StoreBusy)]
        assert refused
    assert (True,) in await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.gather(*more, return_exceptions=True)


async def first_done(tasks):
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    return [one.exception() for one in done if one.exception()]


async def test_requests_that_wait_together_share_transactions(living, store):
    await asyncio.gather(*[store.accept(request_of(f"SM{n}", lane=b"%d" % (n % 50))) for n in range(200)])
    assert store._intake.commits <= 200 / intake.MOST + 3
    assert (await store.counters()).new == 200
    assert len(jobs(living)) <= 50 * store._intake.commits


# Trouble with the engine


async def emptied(living):
    """In a thread: it waits for what the worker holds, which needs the loop to let go."""
    tables = "procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers"
    await asyncio.to_thread(living.rows, f"TRUNCATE {tables}")


async def test_job_tables_emptied_are_made_good_by_the_sweep(living, store, working):
    for n in range(20):
        await store.accept(request_of(f"SM{n}", lane=b"%d" % n, now=real_time()))
    await emptied(living)
    filer = Filer(store)
    working(living.wakeups(store), filer)
    await until(lambda: counted(store))

    await emptied(living)
    late = real_time()
    await store._write(lambda db: db.execute("UPDATE inbox SET state = 'new', due = ?", (late,)).rowcount)
    await until(lambda: counted(store))


async def test_old_jobs_that_ended_badly_are_pruned_soon_after_a_start(living, store, working):
    """A worker stopped past its grace leaves an aborted one; a process that restarts every night must prune too."""
    for status in ("failed", "aborted", "cancelled"):
        living.rows(
            "WITH made AS (INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('wake', 'wake', ?)"
            " RETURNING id) INSERT INTO procrastinate_events (job_id, type, at) SELECT id, 'deferred',"
            " now() - interval '25 hours' FROM made",
            status,
        )
    living.rows("UPDATE procrastinate_events SET at = now() - interval '25 hours'")
    living.rows("INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('wake', 'wake', 'failed')")
    working(living.wakeups(store), Filer(store))
    left = "SELECT count(*) FROM procrastinate_jobs WHERE status <> 'todo'"
    await until(lambda: living.rows(left) == [(1,)], within=60)


async def test_one_sweep_is_enough_for_what_is_due_and_two_at_once_wake_it_once(living, store, opening):
    other = await opening(living)
    for n in range(30):
        await store.accept(request_of(f"SM{n}", lane=b"%d" % n))
    living.rows("DELETE FROM procrastinate_jobs")
    now, lateness = real_time(), Lateness(overdue=0, again=SECOND)
    woken = await asyncio.gather(store.sweep(now, lateness), other.sweep(now, lateness))
    assert sum(woken) == 30
    assert len(jobs(living)) == 30
    assert await store.sweep(now + SECOND // 2, lateness) == 0, "not again at once"
    assert await store.sweep(now + 2 * SECOND, lateness) == 30


async def test_a_worker_whose_row_was_pruned_is_started_again(living, store, working):
    filer = Filer(store)
    wakeups = working(living.wakeups(store), filer)
    await until(lambda: living.rows("SELECT 1 FROM procrastinate_workers"))
    await asyncio.to_thread(living.rows, "DELETE FROM procrastinate_workers")
    await store.accept(request_of("SM1", now=real_time()))
    await until(lambda: counted(store))
    await until(lambda: wakeups.restarts >= 1)


async def test_work_of_a_worker_that_died_is_taken_over_once_by_two_rescuers(living, store, opening, working):
    """Its jobs stand as running, its row gives no sign of life any more."""
    for n in range(12):
        await store.accept(request_of(f"SM{n}", lane=b"%d" % n, now=real_time()))
    living.rows("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
    living.rows(
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)"
    )
    living.rows("UPDATE inbox SET woken_at = ?", real_time() + 3600 * SECOND)  # nothing for the sweep to find
    filers = [Filer(store), Filer(await opening(living))]
    for one in filers:
        working(living.wakeups(one.store), one)
    await until(lambda: counted(store), within=30)
    handed = filers[0].handed + filers[1].handed
    assert max(handed.values()) == 1


async def test_a_lost_announcement_costs_a_poll_and_no_message(living, store, cluster, working):
    filer = Filer(store)
    working(living.wakeups(store), filer)
    await store.accept(request_of("SM1", now=real_time()))
    await until(lambda: counted(store))
    await until(lambda: cluster.cut(living.uri, "LISTEN%"))
    await store.accept(request_of("SM2", now=real_time()))
    await until(lambda: counted(store))


async def test_at_rest_the_engines_tables_are_empty(living, store, working):
    for n in range(100):
        await store.accept(request_of(f"SM{n}", lane=b"%d" % n, now=real_time()))
    working(living.wakeups(store), Filer(store))
    await until(lambda: counted(store), within=40)
    for table in ("jobs", "events"):
        await until(lambda name=table: living.rows(f"SELECT count(*) FROM procrastinate_{name}") == [(0,)])


async def test_what_is_due_far_off_has_no_job_until_it_comes_near(living, store):
    """An engine that holds a job for every clock of every case looks through all of them for each next one."""
    reporter, conversation = await person(store, 1)
    filed = await open_case(store, "SM1", reporter, conversation, inbox_id=1, now=real_time())
    now, day = real_time(), 86_400 * SECOND
    case = await store.case(case_id=filed.case_id)
    timers = tuple(NewTimer(kind="clock", instance=str(n), due=now + day) for n in range(5))
    living.rows("DELETE FROM procrastinate_jobs")
    living.rows("UPDATE outbox SET state = 'held'")
    await change(store, case, now=now, fields=CaseFields(), timers=timers)
    never = Lateness(overdue=3600 * SECOND, again=SECOND)
    await store.sweep(now, never)
    assert jobs(living) == [], "not yet"

    await store.sweep(now + day - SECOND // 2, never)
    assert jobs(living) == [("timer", case.case_id)]
    living.rows("DELETE FROM procrastinate_jobs")
    await store.sweep(now + day - SECOND // 4, never)
    assert jobs(living) == [], "once is enough"
    await store.sweep(now + day + 3600 * SECOND, never)
    assert jobs(living) == [("timer", case.case_id)], "but a lost one is made good"


async def test_what_should_have_been_sent_long_ago_becomes_uncertain_by_the_sweep(living, store):
    _, conversation = await person(store, 1)
    await queue(store, conversation, "a")
    now = real_time()
    await begin(store, 1, now=now)
    await store.sweep(now + SECOND, Lateness(overdue=0, again=0))
    assert (await store.outbox(1)).state == "sending", "somebody may be at it"
    await store.sweep(now + 61 * SECOND, Lateness(overdue=0, again=0))
    assert (await store.outbox(1)).state == "uncertain"


async def test_what_falls_due_after_the_lost_hour_is_woken_then_and_not_before(living, opening):
    """Woken at once it would not be due yet, and nobody would look again until the next sweeps."""
    store, now, hour = await opening(living, horizon=120.0), real_time(), 3_600 * SECOND
    await store.accept(request_of("SM1", now=now + hour + 60 * SECOND))
    living.rows("DELETE FROM procrastinate_jobs")
    assert await store.rewind(now, now + hour) == 1
    assert living.rows("SELECT due FROM inbox") == [(now + 60 * SECOND,)]
    assert living.rows("SELECT scheduled_at > now() FROM procrastinate_jobs WHERE status = 'todo'") == [(True,)]
