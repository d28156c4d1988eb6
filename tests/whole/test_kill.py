"""Killed under load, killed at the worst moment, stopped in order: what was answered 2xx is there, exactly once."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from folk import BUDI, COMPLAINT, DESK, free_port, until
from process import RUN, Provider, Server, sid, tables
from stream import TALKERS, Stream, words_of

from treckk_gateway.testing.sandbox.mail import MailSandbox

pytestmark = pytest.mark.kill

KILLS = 5
SLOTS = 32
"""Sends that may be under way at one moment."""


@pytest.fixture
async def make_server(tmp_path):
    async with AsyncExitStack() as stack:

        async def make(*, pause=0.0, **channels):
            provider = await stack.enter_async_context(Provider(tmp_path, pause=pause))
            server = await stack.enter_async_context(Server(tmp_path, tables(tmp_path, provider.url, **channels)))
            return server, provider

        yield make


async def test_killed_five_times_under_a_stream_nothing_is_lost_doubled_or_out_of_order(make_server):
    server, provider = await make_server(pause=0.03)
    chance, stream = random.Random(7), Stream(lambda: server)  # noqa: S311 which moment, no secret
    running = asyncio.ensure_future(stream.run())
    for _ in range(KILLS):
        await stream.reached(len(stream.acknowledged) + chance.randint(60, 120))
        sampled = await server.api("GET", "/counters")
        assert sampled["received"] == sampled["filed"] + sampled["parked"] + sampled["new"]
        await asyncio.sleep(chance.random() * 0.05)
        assert await server.end(signal.SIGKILL) == -signal.SIGKILL
        await server.start()
    await stream.reached(len(stream.acknowledged) + 30)
    stream.end()
    await running
    books = await server.rested()
    assert await server.end(signal.SIGTERM) == 0

    kept = Counter(key for (key,) in server.rows("SELECT dedupe_key FROM inbox WHERE kind = 'message'"))
    assert set(kept) == stream.acknowledged
    assert set(kept.values()) == {1}
    assert books["received"] == books["filed"] == len(kept)
    assert (books["parked"], books["dead"]) == (0, 0)
    filed = server.rows("SELECT count(*), count(DISTINCT inbox_id) FROM message")
    assert filed == [(len(kept), len(kept))]
    assert server.rows("SELECT count(*) FROM cases") == [(len(stream.newcomers) + len(TALKERS),)]
    for number in TALKERS:
        assert await words_of(server, number) == list(range(1, stream.said[number] + 1))

    calls = provider.calls()
    assert max(calls.values()) == 1
    rows = dict(server.rows("SELECT delivery_id, state FROM outbox WHERE template = 'receipt'"))
    assert len(rows) == len(stream.newcomers) + len(TALKERS)
    assert set(rows.values()) <= {"sent", "uncertain"}
    assert all(calls[key] == 1 for key, state in rows.items() if state == "sent")
    assert sum(state == "uncertain" for state in rows.values()) <= KILLS * SLOTS
    assert set(calls) <= {key for (key,) in server.rows("SELECT delivery_id FROM outbox")}


async def test_killed_between_the_call_and_the_record_it_is_uncertain_and_called_once(make_server):
    server, provider = await make_server()
    provider.open.clear()
    assert await server.write(sid(1), BUDI.number, COMPLAINT)
    await provider.called(1)

    await server.end(signal.SIGKILL)
    provider.open.set()
    await server.start()

    [letter] = (await server.api("GET", "/dead-letters"))["items"]
    assert (letter["state"], letter["template"], letter["attempts"]) == ("uncertain", "receipt", 1)
    await server.api("POST", f"/cases/{letter['reference']}/transitions", to="under_review")
    assert (await server.api("GET", "/counters"))["uncertain"] == 1
    assert list(provider.calls().values()) == [1]
    assert await server.api("POST", f"/dead-letters/{letter['id']}/replay") == {"replayed": True}
    await provider.called(3)
    assert sorted(provider.calls().values()) == [1, 2]


async def test_killed_before_the_answer_the_providers_repeat_is_a_duplicate(make_server):
    server, _ = await make_server()
    assert await server.write(sid(1), BUDI.number, COMPLAINT)
    asking = asyncio.ensure_future(server.write(sid(2), BUDI.number, "Masih ada"))
    await until(lambda: server.rows("SELECT 1 FROM inbox WHERE dedupe_key = ?", sid(2)))
    await server.end(signal.SIGKILL)
    await asking
    await server.start()

    assert await server.write(sid(2), BUDI.number, "Masih ada")
    await server.rested()
    assert server.rows("SELECT count(*) FROM message") == [(2,)]


async def test_an_answer_that_waits_for_the_reply_window_survives_kills_and_leaves_once(make_server):
    server, provider = await make_server()
    assert await server.write(sid(1), BUDI.number, COMPLAINT)
    await server.rested()
    [(reference,)] = server.rows("SELECT reference FROM cases")
    provider.refuses = 63016
    await server.api("POST", f"/cases/{reference}/transitions", to="under_review")
    held = "SELECT delivery_id FROM outbox WHERE template = 'under_review' AND state = 'held'"
    await until(lambda: server.rows(held))
    [(delivery,)] = server.rows(held)
    provider.refuses = None

    assert await server.end(signal.SIGKILL) == -signal.SIGKILL
    await server.start()
    await server.rested()
    assert server.rows(held) == [(delivery,)]
    assert delivery not in provider.calls()

    assert await server.write(sid(2), BUDI.number, "Bagaimana kabarnya?")
    assert await server.end(signal.SIGKILL) == -signal.SIGKILL
    await server.start()
    ended = "SELECT state FROM outbox WHERE delivery_id = ? AND state IN ('sent', 'uncertain')"
    await until(lambda: server.rows(ended, delivery))
    await server.rested()

    [(state,)] = server.rows(ended, delivery)  # uncertain where the kill fell between the call and its record
    assert provider.calls()[delivery] in ({1} if state == "sent" else {0, 1})
    assert server.rows("SELECT count(*) FROM message") == [(2,)]


async def test_told_to_stop_it_finishes_what_it_began_and_keeps_the_rest(make_server):
    server, provider = await make_server()
    stream = Stream(lambda: server)
    running = asyncio.ensure_future(stream.run())
    await stream.reached(60)
    provider.open.clear()
    await provider.called(1 + sum(provider.calls().values()))
    server.signal(signal.SIGTERM)
    await until(lambda: any(one["event"] == "server.stopping" for one in server.lines))
    provider.open.set()

    assert await server.end(signal.SIGTERM) == 0
    assert server.lines[-1]["event"] == "server.stopped"
    assert server.rows("SELECT count(*) FROM outbox WHERE state IN ('sending', 'uncertain')") == [(0,)]
    kept = {key for (key,) in server.rows("SELECT dedupe_key FROM inbox")}
    assert stream.acknowledged <= kept
    await server.start()
    stream.end()
    await running
    books = await server.rested()
    assert (books["uncertain"], books["received"]) == (0, len(stream.acknowledged))
    assert set(provider.calls().values()) == {1}


async def test_one_folder_serves_one_process_and_is_free_at_once_after_a_kill(make_server, tmp_path):
    server, _ = await make_server()
    other = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RUN, "serve", str(server.config)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        _, told = await other.communicate()

    assert other.returncode == 1
    assert b"another process uses this data folder" in told
    assert b"Traceback" not in told
    await server.end(signal.SIGKILL)
    await server.start()
    assert await server.write(sid(1), BUDI.number, COMPLAINT)


async def test_the_process_that_reads_mail_does_not_outlive_a_kill(make_server):
    port = free_port()
    async with MailSandbox(f"lmtp://127.0.0.1:{port}") as mail:
        email = {"adapter": "email", "listen": mail.listener, "smtp": mail.url, "address": DESK}
        server, _ = await make_server(email=email)
        await mail.write(BUDI.mail, DESK, COMPLAINT, subject="Laporan")
        async with asyncio.timeout(20):
            await mail.heard(BUDI.mail)
        children = descendants(server.pid)
        assert children

        await server.end(signal.SIGKILL)

        await until(lambda: not any(alive(one) for one in children))
        await server.start()
        await mail.write(BUDI.mail, DESK, "Masih ramai", subject="Laporan")
        await server.end(signal.SIGKILL)  # taken, and hardly read yet
        await server.start()
        assert (await server.rested())["filed"] == 2
        assert server.rows("SELECT count(*), count(DISTINCT case_id) FROM message") == [(2, 1)]


def descendants(pid):
    """Process ids below one, from /proc."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(one) for one in (task / "children").read_text(encoding="ascii").split()]
    return [*found, *(one for child in found for one in descendants(child))]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
