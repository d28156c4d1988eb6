"""Servers, workers, a provider and people who write, for the soak: processes of their own that may be killed.

The provider survives everything and writes down each call. People write numbered messages and repeat under the same id
whatever was not answered 2xx, as a provider does.
"""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from itertools import count
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

import aiohttp
from aiohttp import web
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from treckk_gateway import Actor, Gateway, Role
from treckk_gateway.testing.sandbox.twilio import ACCOUNT_SID, AUTH_TOKEN

PUBLIC = "https://aduan.example.go.id"
SENDER = "whatsapp:+6281100000000"
COMPLAINT = "Ada pedagang jualan di trotoar depan pasar Paringin tiap pagi, jadi macet. Nama saya Iyan"
TALKERS = tuple(f"+62812000{number:05d}" for number in range(1, 7))
SLOTS = 32
CHIEF = Actor(name="soak", role=Role.ADMIN, roles=frozenset({Role.ADMIN, Role.LEADERSHIP}))
PATIENCE = 600.0

# A process whose clock can be set from outside: seconds to add stand in a file.
_CHILD = """
import sys, time
command, config, clock = sys.argv[1:4]
real = time.time_ns
def shifted():
    try:
        with open(clock, encoding="ascii") as file:
            return real() + int(file.read() or "0") * 1_000_000_000
    except FileNotFoundError:
        return real()
time.time_ns = shifted
time.time = lambda: shifted() / 1e9
from treckk_gateway.server.cli import run
sys.exit(run([command, "--config", config]))
"""


def sid(number: int) -> str:
    """A message's id at the provider."""
    return f"SM{number:032x}"


async def until(true: Callable[[], bool], *, within: float = PATIENCE, every: float = 0.02) -> bool:
    """Wait until it is true; whether it came to be in time."""
    ends = time.monotonic() + within
    while not true():
        if time.monotonic() > ends:
            return False
        await asyncio.sleep(every)
    return True


class Provider:
    """Takes messages as Twilio does, each in `pause` seconds, or not before `open` is set; lists what it took."""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.open = asyncio.Event()
        self.open.set()
        self.calls: Counter[str] = Counter()
        self.port = 0
        self._taken: list[dict[str, str]] = []

    async def start(self, stack: AsyncExitStack) -> None:
        """Listen until the stack is closed."""
        app = web.Application()
        path = "/2010-04-01/Accounts/{account}/Messages.json"
        app.router.add_post(path, self._create)
        app.router.add_get(path, self._list)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]

    async def _create(self, request: web.Request) -> web.Response:
        fields = {name: str(value) for name, value in (await request.post()).items()}
        [key] = parse_qs(urlsplit(fields["StatusCallback"]).query)["delivery"]
        made = {"sid": f"SM{key:0>32}"[:34], "status": "queued", "to": fields["To"], "from": fields["From"]}
        made |= {"body": fields["Body"], "direction": "outbound-api", "num_segments": "1", "account_sid": ACCOUNT_SID}
        made["date_created"] = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
        self.calls[key] += 1
        self._taken.append(made)
        await asyncio.sleep(self.pause)
        await self.open.wait()
        return web.json_response(made, status=201)

    async def _list(self, request: web.Request) -> web.Response:
        found = [one for one in self._taken if one["to"] == request.query.get("To", one["to"])]
        return web.json_response({"messages": found[::-1][:1000], "next_page_uri": None, "page": 0, "page_size": 1000})


class Process:
    """`treckk serve` or `treckk worker`, started again as often as it is killed. `lines` is what it logged."""

    def __init__(self, command: str, config: Path, clock: Path) -> None:
        self.command = command
        self.lines: list[dict[str, object]] = []
        self.port = 0
        self._arguments = (command, str(config), str(clock))
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return once it says that it serves or works."""
        ready = asyncio.get_running_loop().create_future()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _CHILD, *self._arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read(self._process, ready))
        async with asyncio.timeout(PATIENCE):
            await ready

    async def _read(self, process: asyncio.subprocess.Process, ready: asyncio.Future[None]) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            said = json.loads(line) if line.startswith(b"{") else {"event": "", "text": line.decode()}
            self.lines.append(said)
            if said["event"] in {"server.started", "worker.started"} and not ready.done():
                self.port = int(said.get("port", 0))
                ready.set_result(None)
        if not ready.done():
            ready.set_exception(RuntimeError(f"{self.command} did not start: {self.lines[-3:]}"))

    def kick(self, how: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(how)

    async def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal and wait until it is gone."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
        if self._process is not None:
            await self._process.wait()
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)

    def said(self, event: str) -> int:
        """How often it logged an event."""
        return sum(1 for line in self.lines if line["event"] == event)


class Crew:
    """All of it over one database: SQLite where no address of a PostgreSQL is given."""

    def __init__(self, folder: Path, database: str | None, tables: dict[str, dict[str, object]], pause: float) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.database = database
        self.config = folder / "treckk.toml"
        self.clock = folder / "clock"
        self.provider = Provider(pause)
        self.servers: list[Process] = []
        self.workers: list[Process] = []
        self.accepted: set[str] = set()
        self.said: Counter[str] = Counter()
        self.newcomers = 0
        self._tables = tables
        self._stack = AsyncExitStack()
        self._ids = count(1)
        self._over = asyncio.Event()
        self._writing: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))
        self._stack.push_async_callback(self.http.close)
        await self.provider.start(self._stack)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        self.provider.open.set()
        for one in self._writing:
            one.cancel()
        await asyncio.gather(*self._writing, return_exceptions=True)
        for one in self.everyone:
            one.kick(signal.SIGCONT) if one._process and one._process.returncode is None else None  # noqa: SLF001
            await one.end()
        await self._stack.aclose()

    @property
    def everyone(self) -> list[Process]:
        """Servers, then workers."""
        return [*self.servers, *self.workers]

    async def start(self, servers: int = 1, workers: int = 0) -> None:
        """Write the configuration and start everyone."""
        self._write_config()
        self.servers = [Process("serve", self.config, self.clock) for _ in range(servers)]
        self.workers = [Process("worker", self.config, self.clock) for _ in range(workers)]
        for one in self.everyone:
            await one.start()

    def _write_config(self) -> None:
        secrets = {"key": base64.b64encode(bytes(range(32))).decode(), "twilio": AUTH_TOKEN}
        secrets["database"] = self.database or ""
        for name, text in secrets.items():
            (self.folder / f"{name}.secret").write_text(text, encoding="utf-8")
        gateway = {"public_url": PUBLIC, "listen": "127.0.0.1:0", "data_dir": "data", "secret_key": "file:key.secret"}
        gateway |= {"database": "file:database.secret"} if self.database else {}
        written = {"gateway": gateway, "clocks": {"out_of_hours": False}}
        whatsapp = {"adapter": "twilio", "account_sid": ACCOUNT_SID, "auth_token": "file:twilio.secret"}
        whatsapp |= {"sender": SENDER, "api_base_url": f"http://127.0.0.1:{self.provider.port}"}
        written |= {"channels.whatsapp": whatsapp} | self._tables
        lines = []
        for name, table in written.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    # people

    def write(self, *, talkers: int = len(TALKERS), newcomers: int = 4, pause: float = 0.2) -> None:
        """Let people write until `hush`; each talker to one server, so that their order means something."""
        for number, talker in enumerate(TALKERS[:talkers]):
            self._writing.append(asyncio.create_task(self._talk(number, talker, pause)))
        for number in range(newcomers):
            self._writing.append(asyncio.create_task(self._arrive(number, pause)))

    async def hush(self) -> None:
        """Let everybody finish what they are saying."""
        self._over.set()
        await asyncio.gather(*self._writing)
        self._writing.clear()
        self._over.clear()

    async def reached(self, total: int) -> None:
        """Return once so many messages were answered 2xx. Raises `TimeoutError`."""
        if not await until(lambda: len(self.accepted) >= total):
            msg = f"{len(self.accepted)} accepted, {total} wanted; {[one.lines[-2:] for one in self.everyone]}"
            raise TimeoutError(msg)

    async def _talk(self, number: int, talker: str, pause: float) -> None:
        while not self._over.is_set():
            self.said[talker] += 1
            text = f"{COMPLAINT} #1" if self.said[talker] == 1 else f"Masih ramai #{self.said[talker]}"
            await self.insist(number, next(self._ids), talker, text)
            await asyncio.sleep(pause)

    async def _arrive(self, number: int, pause: float) -> None:
        while not self._over.is_set():
            one = next(self._ids)
            self.newcomers += 1
            await self.insist(number, one, f"+62813{one:07d}", COMPLAINT)
            await asyncio.sleep(pause)

    async def insist(self, server: int, number: int, sender: str, text: str) -> None:
        """Write until it is answered 2xx."""
        while not await self._post(self.servers[server % len(self.servers)], sid(number), sender, text):  # noqa: ASYNC110 as a provider does
            await asyncio.sleep(0.05)
        self.accepted.add(sid(number))

    async def _post(self, server: Process, message_sid: str, sender: str, text: str) -> bool:
        pairs = [("MessageSid", message_sid), ("AccountSid", ACCOUNT_SID), ("From", f"whatsapp:{sender}"),
                 ("To", SENDER), ("Body", text), ("NumMedia", "0"), ("SmsStatus", "received")]  # fmt: skip
        signature = RequestValidator(AUTH_TOKEN).compute_signature(f"{PUBLIC}/channels/whatsapp", MultiDict(pairs))
        url = f"http://127.0.0.1:{server.port}/channels/whatsapp"
        try:
            async with self.http.post(url, data=pairs, headers={"X-Twilio-Signature": signature}) as answer:
                await answer.read()
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def seen(self, path: str) -> str:
        """What the first server shows there."""
        async with self.http.get(f"http://127.0.0.1:{self.servers[0].port}{path}") as answer:
            return await answer.text()

    # what became of it

    def rows(self, query: str, *values: object) -> list[tuple]:
        """The answer of a query, asked from outside."""
        if self.database is None:
            path = (self.folder / "data" / "treckk.db").as_uri()
            with closing(sqlite3.connect(f"{path}?mode=ro", uri=True, timeout=10)) as opened:
                return opened.execute(query, values).fetchall()
        import psycopg  # noqa: PLC0415 the extra

        with psycopg.connect(self.database, autocommit=True) as connection:
            return connection.execute(query.replace("?", "%s"), values).fetchall()

    async def rested(self) -> bool:
        """Whether everything accepted was filed, and all that was to be told left or was given up, in time."""
        waiting = (
            "SELECT (SELECT count(*) FROM inbox WHERE state = 'new')"
            " + (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending'))"
        )
        return await until(lambda: self.rows(waiting) == [(0,)], every=0.2)

    async def settled(self) -> None:
        """Give uncertain sends the time to be looked up."""
        await until(lambda: self.rows("SELECT count(*) FROM outbox WHERE state = 'uncertain'") == [(0,)], every=0.2)

    async def out_of_order(self) -> int:
        """Talkers whose words do not stand in their case in the order they were said, each once."""
        wrong = 0
        for one in self.servers if self.database is None else ():
            await one.end(signal.SIGTERM)
        async with Gateway.from_config(self.config, working=False) as gateway:
            for talker, said in self.said.items():
                page = await gateway.desk.cases(CHIEF, q=f"whatsapp:{talker}")
                words = []
                for case in page.items:
                    file = await gateway.desk.case_file(CHIEF, case.reference)
                    words += [int(one.text.rpartition("#")[2]) for one in file.messages if one.direction == "in"]
                wrong += words != list(range(1, said + 1))
        return wrong
