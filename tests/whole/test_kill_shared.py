"""Servers and workers over one PostgreSQL, killed, frozen, and with the database gone: nothing lost, nothing doubled.

The intervals are shortened; the full figures are `make soak`'s.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
import tempfile
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from folk import BUDI, COMPLAINT, SITI, until
from process import Provider, Server, sid, tables
from stored import shared_tables
from stream import TALKERS, Stream, words_of

from shared_postgres import Cluster
from shared_postgres import server as own_server
from treckk_gateway.privacy import Keyring
from treckk_gateway.store.postgres import upgrade

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]

SLOTS = 32
CALM = {"sweep": 1.0, "overdue": 2.0, "again": 10.0}
QUICK = {"timeout": 2.0, "overrun": 0.5, "look_up": 1.0, "settle_every": 0.5}


class Team:
    """A provider, servers that only take in, and workers, over one database."""

    def __init__(self, folder, database, stack, *, pause=0.0):
        self.folder = folder
        self.database = database
        self.provider = Provider(folder, pause=pause)
        self.servers = []
        self.workers = []
        self._stack = stack

    async def start(self, *, servers=1, workers=2, **gateway):
        await self._stack.enter_async_context(self.provider)
        given = tables(self.folder, self.provider.url)
        shared = shared_tables(self.folder, self.database, serve_works=False, **CALM)
        given = given | {
            "gateway": given["gateway"] | shared["gateway"] | gateway,
            "engine": shared["engine"],
            "delivery": QUICK,
        }
        begun = [Server(self.folder, given, database=self.database) for _ in range(servers)]
        begun += [Server(self.folder, given, database=self.database, command="worker") for _ in range(workers)]
        await asyncio.gather(*[self._stack.enter_async_context(one) for one in begun])
        self.servers, self.workers = begun[:servers], begun[servers:]
        return self

    @property
    def everyone(self):
        return [*self.servers, *self.workers]

    def door(self):
        return self.servers[0]

    def rows(self, query, *values):
        return self.servers[0].rows(query, *values)


@pytest.fixture
async def make_team(tmp_path):
    async with AsyncExitStack() as stack:

        def make(database, **more):
            return Team(tmp_path, database, stack, **more)

        yield make


def accounts(team, stream, books):
    """Every message acknowledged is filed once and no other; no delivery was called for twice."""
    kept = Counter(key for (key,) in team.rows("SELECT dedupe_key FROM inbox WHERE kind = 'message'"))
    assert set(kept) == stream.acknowledged
    assert set(kept.values()) == {1}
    assert books["received"] == books["filed"] == len(kept)
    filed = team.rows("SELECT count(*), count(DISTINCT inbox_id) FROM message")
    assert filed == [(len(kept), len(kept))]
    assert team.rows("SELECT count(*) FROM cases") == [(len(stream.newcomers) + len(TALKERS),)]
    calls = team.provider.calls()
    rows = dict(team.rows("SELECT delivery_id, state FROM outbox WHERE template = 'receipt'"))
    assert len(rows) == len(stream.newcomers) + len(TALKERS)
    assert max(calls.values()) == 1
    assert all(calls[key] == 1 for key, state in rows.items() if state == "sent")
    return Counter(rows.values())


async def test_workers_and_servers_killed_under_a_stream_lose_and_double_nothing(make_team, database):
    team = await make_team(database, pause=0.01).start()
    chance, stream = random.Random(5), Stream(team.door, pause=1.5, arriving=4)  # noqa: S311 which moment, no secret
    running = asyncio.ensure_future(stream.run())
    for one in (team.workers[0], team.servers[0], team.workers[1]):
        await stream.reached(len(stream.acknowledged) + chance.randint(10, 20))
        await asyncio.sleep(chance.random() * 0.05)
        assert await one.end(signal.SIGKILL) == -signal.SIGKILL
        await one.start()
    await stream.reached(len(stream.acknowledged) + 10)
    stream.end()
    await running
    books = await team.servers[0].rested()

    states = accounts(team, stream, books)
    assert set(states) <= {"sent", "uncertain"}
    assert states["uncertain"] <= 2 * SLOTS
    for number in TALKERS:
        assert await words_of(team.servers[0], number) == list(range(1, stream.said[number] + 1))


async def test_what_a_dead_worker_was_at_is_taken_over_by_another(make_team, database):
    team = await make_team(database).start(workers=1)
    team.provider.open.clear()
    assert await team.servers[0].write(sid(1), BUDI.number, COMPLAINT)
    await team.provider.called(1)
    assert await team.servers[0].write(sid(2), BUDI.number, "Masih ramai")
    await team.workers[0].end(signal.SIGKILL)
    assert await team.servers[0].write(sid(3), SITI.number, COMPLAINT)
    team.provider.open.set()

    await team.workers[0].start()
    books = await team.servers[0].rested()
    assert (books["filed"], books["dead"]) == (3, 0)
    # What it was sending is looked up at the provider, who had taken it: once is enough.
    receipts = "SELECT count(*) FROM outbox WHERE template = 'receipt' AND state = 'sent'"
    await until(lambda: team.rows(receipts) == [(2,)])
    assert set(team.provider.calls().values()) == {1}


async def test_a_frozen_worker_that_wakes_sends_nothing_again(make_team, database):
    team = await make_team(database).start()
    team.provider.open.clear()
    assert await team.servers[0].write(sid(1), BUDI.number, COMPLAINT)
    await team.provider.called(1)
    for one in team.workers:
        one.signal(signal.SIGSTOP)
    await until(lambda: team.rows("SELECT 1 FROM procrastinate_jobs WHERE status = 'doing'"))
    await asyncio.sleep(2.5)  # past the stall and past the time of its attempt, on the real clock
    holder, other = holding(team)
    team.provider.open.set()
    other.signal(signal.SIGCONT)
    await until(lambda: team.rows("SELECT 1 FROM outbox WHERE template = 'receipt' AND state = 'sent'"), within=40)

    holder.signal(signal.SIGCONT)
    assert await team.servers[0].write(sid(2), SITI.number, COMPLAINT)
    await team.servers[0].rested()
    await until(lambda: team.rows("SELECT count(*) FROM attempt WHERE ended_at IS NULL") == [(0,)])
    assert set(team.provider.calls().values()) == {1}
    assert team.rows("SELECT state, count(*) FROM outbox WHERE template = 'receipt' GROUP BY state") == [("sent", 2)]


def holding(team):
    """The worker whose connection to the provider is open, and the other."""
    port = int(team.provider.url.rpartition(":")[2])
    first = connected(team.workers[0].pid, port)
    return (team.workers[0], team.workers[1]) if first else (team.workers[1], team.workers[0])


def connected(pid, port):
    """Whether a process has a connection to that local port, from /proc."""
    sockets = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if int(fields[2].rpartition(":")[2], 16) == port and fields[3] == "01":
            sockets.add(f"socket:[{fields[9]}]")
    return any(str(one.readlink()) in sockets for one in Path(f"/proc/{pid}/fd").iterdir())


async def seen(server, path):
    async with server.http.get(f"{server.url}{path}") as answer:
        return answer.status, await answer.text()


async def test_the_database_stopped_under_a_stream_is_missed_by_nobody_who_writes(make_team, tmp_path):
    """Meanwhile requests are spooled, by a server that is killed and starts again without the database too."""
    postgres = await asyncio.to_thread(own_server, tempfile.mkdtemp(prefix="treckk-postgres-"))
    try:
        cluster = Cluster(postgres.get_uri(), "template1")
        database = cluster.make(empty=True)
        upgrade(database, Keyring(bytes(range(32))).fingerprint())
        team = await make_team(database).start(workers=1)
        stream = Stream(team.door, pause=1.0, arriving=4)
        running = asyncio.ensure_future(stream.run())
        await stream.reached(30)
        await asyncio.to_thread(postgres.stop)
        server = team.servers[0]
        await stream.reached(len(stream.acknowledged) + 30)
        status, text = await seen(server, "/readyz")
        assert (status, json.loads(text)["storing"]) == (200, False)
        assert "requests wait in the spool" in text
        assert (
            float(re.search(r"^treckk_spool_waiting (\S+)", (await seen(server, "/metrics"))[1], re.MULTILINE)[1]) > 0
        )
        await server.end(signal.SIGKILL)
        for one in (tmp_path / "data" / "spool").iterdir():
            assert b"62812" not in one.read_bytes() + one.name.encode()
            with one.open("ab") as torn:
                torn.write(one.read_bytes()[-40:])  # as if it had died while it wrote another
        await server.start()
        await stream.reached(len(stream.acknowledged) + 20)
        await asyncio.to_thread(postgres.ensure_postgres_running)
        await until(lambda: any(line["event"] == "spool.emptied" for line in server.lines))
        await stream.reached(len(stream.acknowledged) + 20)
        stream.end()
        await running
        assert list((tmp_path / "data" / "spool").iterdir()) == []
        books = await team.servers[0].rested()
        accounts(team, stream, books)
        for number in TALKERS:
            assert await words_of(team.servers[0], number) == list(range(1, stream.said[number] + 1))
    finally:
        await asyncio.to_thread(postgres.cleanup)


async def test_a_full_spool_answers_503_and_what_it_took_is_there(make_team, cluster, database):
    team = await make_team(database).start(workers=1, spool_size=0.01)
    server = team.servers[0]
    cluster.close_off(database)
    # Before anything comes, too: a balancer that sent nobody here any more would make the spool useless.
    async with asyncio.timeout(60):
        while True:
            status, text = await seen(server, "/readyz")
            assert status == 200
            if not json.loads(text)["storing"]:
                break
            await asyncio.sleep(0.1)
    assert "treckk_ready 1" in (await seen(server, "/metrics"))[1]
    kept, number = [], 0
    while await server.write(sid(number := number + 1), BUDI.number, f"{COMPLAINT} #{number}"):
        kept.append(number)
    assert 1 < len(kept) < 20
    status, text = await seen(server, "/readyz")
    assert (status, json.loads(text)["spool"]["full"]) == (503, True)
    assert "treckk_ready 0" in (await seen(server, "/metrics"))[1]
    cluster.let_in(database)
    await until(lambda: any(line["event"] == "spool.emptied" for line in server.lines))
    assert await server.write(sid(number), BUDI.number, f"{COMPLAINT} #{number}")
    books = await server.rested()
    assert books["received"] == len(kept) + 1
    assert await words_of(server, BUDI.number) == [*kept, number]
