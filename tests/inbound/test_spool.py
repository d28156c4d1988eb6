"""The spool over a database that comes and goes: order, bounds, and what a process that died left behind."""

from __future__ import annotations

import asyncio
import errno
from contextlib import asynccontextmanager
from itertools import count

import pytest

from treckk_gateway.errors import StoreBusy, StoreUnavailable
from treckk_gateway.inbound.arrival import Arrival
from treckk_gateway.inbound.spool import Spool
from treckk_gateway.inbound.spool import spool as spooling
from treckk_gateway.inbound.spool.file import SpoolFile
from treckk_gateway.privacy import Keyring
from treckk_gateway.store.orders import NewItem

PATIENCE = 60
PERSONAL = b"Jalan rusak di rumah +6281234567890"


class Database:
    """Takes what comes while it is there, in the order of arrival; the same key twice is taken once."""

    def __init__(self):
        self.there = True
        self.kept = []
        self.bad = set()
        self.asked = 0
        self.slow = 0.0

    async def keep(self, arrival):
        self.asked += 1
        await asyncio.sleep(self.slow)
        if not self.there:
            raise StoreUnavailable("the database does not answer")
        [item] = arrival.items
        if item.dedupe_key in self.bad:
            raise ValueError(item.dedupe_key)
        new = item.dedupe_key not in self.kept
        if new:
            self.kept.append(item.dedupe_key)
        return (new,)


def arrival(key, *, lane="a", request=PERSONAL):
    item = NewItem(dedupe_key=str(key), kind="message", lane=lane.encode())
    return Arrival(channel_id="wa", items=(item,), request=request, received_at=5)


async def until(true):
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)


@pytest.fixture
def database():
    return Database()


@pytest.fixture
def opened(tmp_path, database):
    unique = count()

    @asynccontextmanager
    async def opened(*, key=b"k" * 32, **more):
        given = {"limit": 1_000_000, "retry": 0.01} | more
        made = Spool(
            tmp_path / "spool", keyring=Keyring(key), clock=lambda: 77, unique=lambda: f"{next(unique):04}", **given
        )
        await made.open(database.keep)
        try:
            yield made
        finally:
            await made.close()

    return opened


def files(tmp_path, suffix=".spool"):
    return sorted(one for one in (tmp_path / "spool").iterdir() if one.suffix == suffix)


async def test_while_the_database_is_there_nothing_is_written(opened, database, tmp_path):
    async with opened() as spool:
        assert await spool.take(arrival(1)) == (True,)
        assert await spool.take(arrival(1)) == (False,)
    assert (database.kept, files(tmp_path)) == (["1"], [])


async def test_what_comes_while_it_is_away_is_replayed_in_order(opened, database, tmp_path):
    async with opened() as spool:
        database.there = False
        for number in range(200):
            assert await spool.take(arrival(number)) == (True,)
        state = spool.state
        assert (state.holding, state.waiting, state.spooled, state.oldest_at) == (True, 200, 200, 77)
        assert PERSONAL not in b"".join(one.read_bytes() for one in files(tmp_path))
        database.there = True
        await until(lambda: not spool.holding)
        state = spool.state
        assert (state.waiting, state.bytes, state.oldest_at) == (0, 0, None)
    assert database.kept == [str(number) for number in range(200)]
    assert files(tmp_path) == []


async def test_what_comes_meanwhile_goes_behind_and_the_end_comes_under_load(opened, database):
    """Ten senders write without a pause while it is emptied: each one's order is kept, and the direct way opens."""
    async with opened() as spool:
        database.there = False
        over = asyncio.Event()
        said = {}

        async def talk(name):
            for number in count():
                await spool.take(arrival(f"{name}-{number}", lane=name))
                said[name] = number
                if over.is_set():
                    return

        talkers = [asyncio.create_task(talk(f"s{one}")) for one in range(10)]
        await until(lambda: spool.state.waiting > 100)
        database.there, database.slow = True, 0.002
        await until(lambda: not spool.holding)
        before = spool.state.spooled
        await until(lambda: len(database.kept) > before + 100)
        over.set()
        await asyncio.gather(*talkers)
        assert spool.state.spooled == before, "nothing goes to the disk any more"
    for name, last in said.items():
        own = [one for one in database.kept if one.startswith(f"{name}-")]
        assert own == [f"{name}-{number}" for number in range(last + 1)]


async def test_a_database_that_fails_again_in_the_middle_loses_and_turns_nothing(opened, database):
    async with opened() as spool:
        database.there = False
        for number in range(300):
            await spool.take(arrival(number, lane=f"l{number % 7}"))
        for shift in range(1, 4):
            database.there = True
            await until(lambda shift=shift: len(database.kept) >= 40 * shift)
            database.there = False
            await asyncio.sleep(0.02)
        database.there = True
        await until(lambda: not spool.holding)
    for lane in range(7):
        own = [int(one) for one in database.kept if int(one) % 7 == lane]
        assert own == sorted(own)
    assert len(database.kept) == 300


async def test_a_database_that_stands_still_keeps_nobody_waiting(opened, database):
    async with opened(queue_age=0.1) as spool:
        assert await spool.take(arrival(0)) == (True,)
        database.slow = PATIENCE
        async with asyncio.timeout(PATIENCE / 2):
            assert await spool.take(arrival(1)) == (True,)
            assert await spool.take(arrival(2)) == (True,)
        assert (spool.holding, spool.state.waiting) == (True, 2)
    database.slow = 0
    async with opened() as spool:
        await until(lambda: not spool.holding)
    assert database.kept == ["0", "1", "2"]


async def test_a_process_that_ends_leaves_it_to_the_next(opened, database, tmp_path):
    database.there = False
    async with opened() as spool:
        for number in range(3):
            await spool.take(arrival(number))
    left = files(tmp_path)[-1]
    with left.open("ab") as torn:
        torn.write(left.read_bytes()[75:120])  # as if it had died while it wrote the fourth
    async with opened() as spool:
        assert (spool.holding, spool.state.waiting) == (True, 3)
        await spool.take(arrival(3))
        database.there = True
        await until(lambda: not spool.holding)
    assert database.kept == ["0", "1", "2", "3"]
    assert files(tmp_path) == files(tmp_path, ".aside") == []


async def test_two_processes_keep_apart_and_one_takes_over_from_the_other(opened, database, tmp_path, monkeypatch):
    monkeypatch.setattr(spooling, "_LOOK", 0.05)
    database.there = False
    async with opened() as mine:
        async with opened() as other:
            await mine.take(arrival("mine"))
            await other.take(arrival("other"))
            assert len(files(tmp_path)) == 2
            assert mine.state.waiting == other.state.waiting == 1
        await until(lambda: mine.state.waiting == 2)
        database.there = True
        await until(lambda: not mine.holding)
    assert sorted(database.kept) == ["mine", "other"]


async def test_a_full_spool_refuses_and_takes_again_once_there_is_room(opened, database):
    async with opened(limit=5_000) as spool:
        database.there = False
        with pytest.raises(StoreBusy, match="full") as refused:
            for number in count():
                await spool.take(arrival(number, request=b"x" * 400))
        assert refused.value.retry_after == 30
        assert (spool.state.full, 0 < spool.state.bytes <= 5_000) == (True, True)
        kept = spool.state.waiting
        database.there = True
        await until(lambda: not spool.holding)
        assert not spool.state.full
        assert await spool.take(arrival("later")) == (True,)
    assert database.kept == [*map(str, range(kept)), "later"]


async def test_a_disk_that_fails_makes_nobody_believe_that_it_was_kept(opened, database, monkeypatch):
    append, trouble = SpoolFile.append, {"left": 0}

    def failing(self, data):
        if trouble["left"]:
            trouble["left"] -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, data)

    monkeypatch.setattr(SpoolFile, "append", failing)
    async with opened(retry=5) as spool:
        database.there = False
        await spool.take(arrival(1))
        trouble["left"] = 1
        with pytest.raises(StoreBusy, match="cannot be written"):
            await spool.take(arrival(2))
        await spool.take(arrival(3))
    async with opened() as spool:
        database.there = True
        await until(lambda: not spool.holding)
    assert database.kept == ["1", "3"]


async def test_what_the_database_refuses_for_itself_stops_nobody_and_is_set_aside(opened, database, tmp_path):
    database.bad = {"1"}
    async with opened() as spool:
        database.there = False
        for number in range(3):
            await spool.take(arrival(number))
        database.there = True
        await until(lambda: not spool.holding)
        assert (spool.state.aside, spool.state.waiting) == (1, 0)
    assert database.kept == ["0", "2"]
    assert len(files(tmp_path, ".aside")) == 1


async def test_what_another_key_sealed_is_set_aside_and_nothing_else_waits_for_it(opened, database, tmp_path):
    database.there = False
    async with opened(key=b"o" * 32) as spool:
        await spool.take(arrival(1))
    database.there = True
    async with opened() as spool:
        await until(lambda: not spool.holding)
        assert await spool.take(arrival(2)) == (True,)
        assert spool.state.aside == 1
    async with opened(key=b"o" * 32) as spool:
        assert spool.state.aside == 1
    assert database.kept == ["2"]
    assert len(files(tmp_path, ".aside")) == 1


async def test_requests_past_what_may_wait_for_the_disk_are_refused(opened, database, monkeypatch):
    held = asyncio.Event()
    keep = Spool._store

    async def slowly(self, batch):
        await held.wait()
        await keep(self, batch)

    monkeypatch.setattr(Spool, "_store", slowly)
    async with opened(queue_limit=3) as spool:
        database.there = False
        waiting = [asyncio.create_task(spool.take(arrival(number))) for number in range(80)]
        await until(lambda: sum(one.done() for one in waiting) >= 70)
        held.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
    refused = [one for one in results if isinstance(one, StoreBusy)]
    assert len(refused) >= 70
    assert all(one == (True,) for one in results if one not in refused)
