"""`treckk serve` or `worker` as a process of its own, to be killed, and a provider that survives it and keeps count."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import sys
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import aiohttp
from aiohttp import web
from folk import PATIENCE, PUBLIC, STAFF, WHATSAPP, staff_entry, token
from multidict import MultiDict
from stored import rows_of
from twilio.request_validator import RequestValidator

from treckk_gateway.testing.sandbox.twilio import ACCOUNT_SID, AUTH_TOKEN

RUN = "import sys; from treckk_gateway.server.cli import run; sys.exit(run([sys.argv[1], '--config', sys.argv[2]]))"


class Provider:
    """Takes messages as Twilio does and writes a line for each call: sequence, key (our delivery id), time.

    `open` is cleared to keep the answers back; each takes `pause` seconds otherwise. Everything taken can be listed.
    `refuses` is a code of Twilio's that nothing is taken for.
    """

    refuses: int | None = None

    def __init__(self, folder: Path, *, pause: float = 0.0) -> None:
        self.path = folder / "calls.jsonl"
        self.pause = pause
        self.open = asyncio.Event()
        self.open.set()
        self._taken: list[dict[str, Any]] = []
        self._called = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", self._create)
        app.router.add_get("/2010-04-01/Accounts/{account}/Messages.json", self._list)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.open.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        assert self._runner is not None
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def calls(self) -> Counter[str]:
        """How often it was called for each delivery."""
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        return Counter(json.loads(line)["key"] for line in lines)

    async def called(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self._called:
            await self._called.wait_for(lambda: len(self._taken) >= count)

    async def _create(self, request: web.Request) -> web.Response:
        fields = {name: str(value) for name, value in (await request.post()).items()}
        if self.refuses is not None:
            return web.json_response({"code": self.refuses, "message": "no", "status": 400}, status=400)
        [key] = parse_qs(urlsplit(fields["StatusCallback"]).query)["delivery"]
        made = {"sid": "SM" + sha256(key.encode()).hexdigest()[:32], "status": "queued", "to": fields["To"]}
        made |= {"from": fields["From"], "body": fields["Body"], "direction": "outbound-api", "num_segments": "1"}
        made |= {
            "date_created": time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime()),
            "account_sid": ACCOUNT_SID,
        }
        async with self._called:
            self._taken.append(made)
            line = {"sequence": len(self._taken), "key": key, "time": time.time()}
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            self._called.notify_all()
        await self.open.wait()
        await asyncio.sleep(self.pause)
        return web.json_response(made, status=201)

    async def _list(self, request: web.Request) -> web.Response:
        found = [one for one in self._taken if one["to"] == request.query.get("To", one["to"])]
        return web.json_response({"messages": found[::-1], "next_page_uri": None, "page": 0, "page_size": 50})


class Server:
    """One configuration, served by one process after another. `lines` is what all of them logged."""

    def __init__(
        self, folder: Path, tables: dict[str, Any], *, command: str = "serve", database: str | None = None
    ) -> None:
        self.folder = folder
        self.command = command
        self.database = database
        self.config = folder / "treckk.toml"
        self.config.write_text(toml(tables), encoding="utf-8")
        self.lines: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.port = 0
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._started = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end(signal.SIGKILL)
        await self.http.close()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it says that it serves."""
        self._started.clear()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUN, self.command, str(self.config), stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._reading = asyncio.ensure_future(self._read(self._process))
        async with asyncio.timeout(3 * PATIENCE):
            await self._started.wait()
        assert self.lines, b"".join(self.raw)

    async def end(self, how: signal.Signals) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(how)
        async with asyncio.timeout(PATIENCE):
            code = await self._process.wait()
            if self._reading is not None:
                await self._reading
        return code

    def signal(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.raw.append(line)
            if line.startswith(b"{"):
                self.lines.append(json.loads(line))
                if self.lines[-1]["event"] in {"server.started", "worker.started"}:
                    self.port = self.lines[-1].get("port", 0)
                    self._started.set()
        self._started.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def write(self, sid: str, number: str, text: str) -> bool:
        """Post a signed WhatsApp message; whether it was answered 2xx."""
        pairs = [("MessageSid", sid), ("AccountSid", ACCOUNT_SID), ("From", f"whatsapp:{number}"), ("To", WHATSAPP),
                 ("Body", text), ("NumMedia", "0"), ("SmsStatus", "received")]  # fmt: skip
        signature = RequestValidator(AUTH_TOKEN).compute_signature(f"{PUBLIC}/channels/whatsapp", MultiDict(pairs))
        try:
            async with self.http.post(
                f"{self.url}/channels/whatsapp", data=pairs, headers={"X-Twilio-Signature": signature}
            ) as answer:
                await answer.read()
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def api(self, method: str, path: str, *, by: str = "rini", **body: Any) -> Any:
        sent = {"json": body} if body else {}
        headers = {"Authorization": f"Bearer {token(by)}"}
        async with self.http.request(method, f"{self.url}/api/v1{path}", headers=headers, **sent) as answer:
            assert answer.status in {200, 201}, await answer.read()
            return await answer.json()

    async def rested(self, *, within: float = 3 * PATIENCE) -> dict[str, int]:
        """The books, once nothing is new and nothing waits to leave; they balance whenever they are read."""
        books: dict[str, int] = {}
        try:
            async with asyncio.timeout(within):
                while True:
                    books = await self.api("GET", "/counters")
                    assert books["received"] == books["filed"] + books["parked"] + books["new"]
                    if books["new"] == 0 and books["outbox"] == 0:
                        return dict(books)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            waiting = self.rows("SELECT template, state, reason, count(*) FROM outbox GROUP BY 1, 2, 3")
            raise AssertionError(f"not at rest: {books} {waiting}") from None

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return rows_of(self.folder / "data" / "treckk.db", self.database, query, *values)


def tables(folder: Path, provider_url: str, **channels: dict[str, Any]) -> dict[str, Any]:
    """A configuration with WhatsApp over that provider, and further channels."""
    for name, text in {"key": base64.b64encode(bytes(range(32))).decode(), "twilio": AUTH_TOKEN}.items():
        (folder / f"{name}.secret").write_text(text, encoding="utf-8")
    whatsapp = {"adapter": "twilio", "account_sid": ACCOUNT_SID, "auth_token": "file:twilio.secret"}
    whatsapp |= {"sender": WHATSAPP, "api_base_url": provider_url}
    return {
        "gateway": {"public_url": PUBLIC, "listen": "127.0.0.1:0", "data_dir": "data", "secret_key": "file:key.secret"},
        "channels": {"whatsapp": whatsapp, **channels},
        "staff": [staff_entry(*one) for one in STAFF],
        "clocks": {"out_of_hours": False},  # the process has the real clock, whatever the hour
    }


def toml(written: dict[str, Any]) -> str:
    """Tables as a file."""
    lines: list[str] = []
    for name in ("gateway", "engine", "clocks", "delivery"):
        if written.get(name):
            lines += [f"[{name}]", *_pairs(written[name])]
    for name, table in written["channels"].items():
        lines += [f"[channels.{name}]", *_pairs(table)]
    for entry in written["staff"]:
        lines += ["[[staff]]", *_pairs(entry)]
    return "\n".join(lines) + "\n"


def _pairs(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in table.items()]


def sid(count: int) -> str:
    return f"SM{count:032x}"
