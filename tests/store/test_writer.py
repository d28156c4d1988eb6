from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading

import pytest

from treckk_gateway.errors import StoreBusy, StoreUnavailable
from treckk_gateway.store.sqlite import connection
from treckk_gateway.store.sqlite.writer import Rank, Writer


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.db"


@pytest.fixture
async def writer(path):
    def connect():
        opened = connection.open_writer(path)
        opened.execute("CREATE TABLE IF NOT EXISTS t (x INTEGER PRIMARY KEY, pad BLOB)")
        return opened

    started = Writer(connect, limit=50, oldest=60)
    await started.start()
    yield started
    await started.stop()


def insert(x, pad=b""):
    return lambda opened: opened.execute("INSERT INTO t VALUES (?, ?)", (x, pad)).rowcount


def stored(path):
    with contextlib.closing(sqlite3.connect(path)) as opened:
        return [x for (x,) in opened.execute("SELECT x FROM t ORDER BY x")]


class Stall:
    """Holds the writer thread inside an operation until released."""

    def __init__(self):
        self.entered, self.release = threading.Event(), threading.Event()

    def __call__(self, opened):
        self.entered.set()
        assert self.release.wait(10)


async def stalled(writer):
    stall = Stall()
    task = asyncio.create_task(writer.run(stall))
    await asyncio.to_thread(stall.entered.wait, 10)
    return stall, task


async def test_what_waits_together_is_committed_together(writer):
    stall, task = await stalled(writer)
    before = writer.commits
    waiting = [asyncio.create_task(writer.run(insert(n))) for n in range(40)]
    await asyncio.sleep(0)
    stall.release.set()
    await asyncio.gather(task, *waiting)
    assert writer.commits - before == 2


async def test_in_a_batch_the_bad_request_alone_fails(writer, path):
    stall, task = await stalled(writer)
    waiting = [asyncio.create_task(writer.run(insert(n % 39))) for n in range(40)]
    await asyncio.sleep(0)
    stall.release.set()
    outcomes = await asyncio.gather(task, *waiting, return_exceptions=True)
    assert [type(one) for one in outcomes if isinstance(one, Exception)] == [sqlite3.IntegrityError]
    assert len(stored(path)) == 39


async def test_past_the_bound_a_request_is_refused_at_once(writer):
    stall, task = await stalled(writer)
    waiting = [asyncio.create_task(writer.run(insert(n), Rank.INTAKE)) for n in range(50)]
    await asyncio.sleep(0)
    with pytest.raises(StoreBusy):
        await writer.run(insert(99), Rank.INTAKE)
    stall.release.set()
    await asyncio.gather(task, *waiting)
    await writer.run(insert(99), Rank.INTAKE)


async def test_a_stalled_disk_is_noticed_by_age_not_by_number(path):
    writer = Writer(lambda: connection.open_writer(path), oldest=0.01)
    await writer.start()
    stall, task = await stalled(writer)
    await asyncio.sleep(0.02)  # the age of what is stuck, on the real clock
    with pytest.raises(StoreBusy):
        await writer.run(lambda opened: None)
    assert not writer.alive, "/readyz says so"
    stall.release.set()
    await task
    async with asyncio.timeout(60):
        while not writer.alive:
            await asyncio.sleep(0.005)
    await writer.stop()


@pytest.mark.parametrize("at_commit", [False, True])
async def test_a_full_disk_fails_the_whole_batch_and_nothing_is_called_good(writer, path, at_commit):
    await writer.run(lambda opened: opened.execute("PRAGMA max_page_count=12").fetchone())
    stall, task = await stalled(writer)
    pad = bytes(3000)
    waiting = [asyncio.create_task(writer.run(insert(n, pad))) for n in range(30)]
    await asyncio.sleep(0)
    stall.release.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.gather(task, return_exceptions=True)
    good = sum(not isinstance(one, Exception) for one in outcomes)
    assert good == len(stored(path)), "every request called good is on the disk, and no other"
    assert all(isinstance(one, StoreUnavailable) for one in outcomes if isinstance(one, Exception))
    await writer.run(lambda opened: opened.execute("PRAGMA max_page_count=100000").fetchone())
    await writer.run(insert(1000))


async def test_a_request_whose_caller_left_is_still_stored(writer, path):
    stall, task = await stalled(writer)
    gone = asyncio.create_task(writer.run(insert(7)))
    await asyncio.sleep(0)
    gone.cancel()
    stall.release.set()
    await task
    await writer.run(insert(8))
    assert stored(path) == [7, 8]


async def test_stopping_finishes_what_is_queued(writer, path):
    stall, task = await stalled(writer)
    waiting = [asyncio.create_task(writer.run(insert(n))) for n in range(10)]
    await asyncio.sleep(0)
    stopping = asyncio.create_task(writer.stop())
    await asyncio.sleep(0)
    stall.release.set()
    await asyncio.gather(task, stopping, *waiting)
    assert len(stored(path)) == 10
    with pytest.raises(StoreUnavailable):
        await writer.run(insert(99))


async def test_durability_is_full_and_only_the_writer_checkpoints(writer, path):
    pragmas = ("synchronous", "journal_mode", "wal_autocheckpoint", "foreign_keys")
    values = await writer.run(lambda opened: [opened.execute(f"PRAGMA {one}").fetchone()[0] for one in pragmas])
    assert values == [2, "wal", 0, 1]
    reader = connection.open_reader(path)
    with pytest.raises(sqlite3.OperationalError):
        reader.execute("INSERT INTO t VALUES (1, '')")
    with pytest.raises(sqlite3.OperationalError):
        reader.execute("PRAGMA wal_checkpoint")
    reader.close()


async def test_a_folder_that_cannot_be_opened_says_so(tmp_path):
    writer = Writer(lambda: connection.open_writer(tmp_path / "no" / "such" / "folder.db"))
    with pytest.raises(sqlite3.OperationalError):
        await writer.start()
    assert not writer.alive


class Inserting:
    """Many rows by one statement, as intake does it."""

    def __call__(self, opened, numbers):
        opened.execute(f"INSERT INTO t (x) VALUES {', '.join('(?)' for _ in numbers)}", numbers)
        return [f"row {number}" for number in numbers]

    def at_once(self, opened, numbers):
        return self(opened, numbers)


async def test_what_joins_is_stored_by_one_statement_each_with_its_own_answer(writer, path):
    inserting = Inserting()
    stall, task = await stalled(writer)
    waiting = [writer.join(inserting, number) for number in range(30)]
    await asyncio.sleep(0)
    before = writer.commits
    stall.release.set()
    assert await asyncio.gather(*waiting) == [f"row {number}" for number in range(30)]
    await task
    assert writer.commits - before == 2
    assert stored(path) == list(range(30))


async def test_of_what_joins_the_bad_one_alone_fails(writer, path):
    inserting = Inserting()
    stall, task = await stalled(writer)
    waiting = [writer.join(inserting, number) for number in (1, 2, 2, 3)]
    await asyncio.sleep(0)
    stall.release.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    await task
    assert [type(one) for one in outcomes] == [str, str, sqlite3.IntegrityError, str]
    assert stored(path) == [1, 2, 3]


async def test_a_full_disk_fails_all_that_joined(writer, path):
    class Padding(Inserting):
        def __call__(self, opened, numbers):
            marks = ", ".join("(?, zeroblob(3000))" for _ in numbers)
            opened.execute(f"INSERT INTO t VALUES {marks}", numbers)
            return list(numbers)

    await writer.run(lambda opened: opened.execute("PRAGMA max_page_count=8").fetchone())
    padding = Padding()
    outcomes = await asyncio.gather(*[writer.join(padding, n) for n in range(20)], return_exceptions=True)
    assert all(isinstance(one, StoreUnavailable) for one in outcomes)
    assert stored(path) == []
