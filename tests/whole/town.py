"""A whole town in one process: the gateway behind its real server, real providers' stand-ins, and people who write."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web
from folk import (
    DESK,
    PATIENCE,
    PUBLIC,
    SMS,
    STAFF,
    WAYS,
    WEB_SECRET,
    WHATSAPP,
    Clock,
    Person,
    free_port,
    staff_entry,
    token,
)
from multidict import CIMultiDict, MultiDict
from stored import rows_of, shared_tables
from twilio.request_validator import RequestValidator
from yarl import URL

from treckk_gateway import Gateway, Settings, WebhookRequest
from treckk_gateway.profile import Profile, load
from treckk_gateway.server.app import application
from treckk_gateway.settings import from_mapping
from treckk_gateway.testing.sandbox.mail import MailSandbox
from treckk_gateway.testing.sandbox.portal import PortalSandbox
from treckk_gateway.testing.sandbox.twilio import AUTH_TOKEN, TwilioSandbox


@cache
def shipped() -> Profile:
    """The shipped profile, read once for all towns."""
    return load("balangan")


class Town:
    """Everything on loopback; an async context manager. The gateway alone can be stopped and started again."""

    def __init__(
        self,
        folder: Path,
        *,
        channels: tuple[str, ...] = WAYS,
        today: bool = False,
        database: str | None = None,
        **tables: Mapping[str, Any],
    ) -> None:
        self.folder = folder
        self.database = database
        self.clock = Clock(time.time()) if today else Clock()
        self.gateway: Gateway
        self._channels = channels
        self._today = today
        self._tables = tables
        self._stack = AsyncExitStack()
        self._running = AsyncExitStack()
        self._port = 0
        self._lmtp = 0

    async def __aenter__(self) -> Self:
        enter = self._stack.enter_async_context
        self.twilio = await enter(TwilioSandbox(clock=self.clock.seconds))
        self.portal = await enter(PortalSandbox(WEB_SECRET, clock=self.clock.seconds))
        self.mail = await enter(MailSandbox(clock=self.clock.seconds))
        self.http = await enter(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)))
        try:
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        await self._stack.aclose()

    async def start(self) -> None:
        """Open the gateway and serve it where it was served before."""
        self._lmtp = self._lmtp or free_port()
        self.mail.listener = f"lmtp://127.0.0.1:{self._lmtp}"
        self.gateway = Gateway(self.settings(), profile=shipped(), clock=self.clock.now)
        runner = web.AppRunner(application(self.gateway), access_log=None, shutdown_timeout=2.0)
        await self._running.enter_async_context(self.gateway)
        await runner.setup()
        self._running.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._port = runner.addresses[0][1]
        self.portal.webhook_url = f"{self.url}/channels/web"
        for name, sender in (("whatsapp", WHATSAPP), ("sms", SMS)):
            self.twilio.connect(sender, webhook_url=f"{PUBLIC}/channels/{name}", post_to=f"{self.url}/channels/{name}")

    async def stop(self) -> None:
        running, self._running = self._running, AsyncExitStack()
        await running.aclose()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def settings(self) -> Settings:
        return from_mapping(self.table(), where="town", base=self.folder)

    def table(self) -> dict[str, Any]:
        for name, text in {
            "key": base64.b64encode(bytes(range(32))).decode(),
            "twilio": AUTH_TOKEN,
            "web": WEB_SECRET,
        }.items():
            (self.folder / f"{name}.secret").write_text(text, encoding="utf-8")
        twilio = {
            "adapter": "twilio",
            "account_sid": self.twilio.account_sid,
            "auth_token": "file:twilio.secret",
            "api_base_url": self.twilio.url,
        }
        known = {
            "whatsapp": twilio | {"sender": WHATSAPP} | dict(self._tables.get("whatsapp", {})),
            "sms": twilio | {"sender": SMS, "inbound": True},
            "email": {"adapter": "email", "listen": self.mail.listener, "smtp": self.mail.url, "address": DESK},
            "web": {"adapter": "web", "secret": "file:web.secret", "callback_url": self.portal.callback_url},
            "lapor": {"adapter": "web", "secret": "file:web.secret"},
        }
        shared = shared_tables(self.folder, self.database) if self.database else {}
        return {
            "gateway": {"public_url": PUBLIC, "data_dir": "data", "secret_key": "file:key.secret",
                        **shared.get("gateway", {}), **self._tables.get("gateway", {})},
            "engine": {**shared.get("engine", {}), **self._tables.get("engine", {})},
            "channels": {name: known[name] for name in self._channels},
            "delivery": dict(self._tables.get("delivery", {})),
            "senders": dict(self._tables.get("senders", {})),
            "retention": dict(self._tables.get("retention", {})),
            "clocks": dict(self._tables.get("clocks", {"out_of_hours": not self._today})),
            "media": dict(self._tables.get("media", {})),
            "telemetry": dict(self._tables.get("telemetry", {})),
            "staff": [*(staff_entry(*one) for one in STAFF), *self._tables.get("staff", ())],
        }  # fmt: skip

    # People

    async def write(self, way: str, person: Person, text: str, **more: Any) -> int:
        """Write as a person; the status the provider was answered. Mail raises when the listener refuses it."""
        if way == "email":
            await self.mail.write(person.mail, DESK, text, **({"subject": "Laporan warga"} | more))
            return 250
        if way == "web":
            return (await self.portal.submit(text, conversation_id=person.conversation, **more)).status
        sender, to = (f"whatsapp:{person.number}", WHATSAPP) if way == "whatsapp" else (person.number, SMS)
        return (await self.twilio.write(sender, to, text, **more)).status or 0

    async def staff_writes(self, number: str, text: str) -> None:
        answer = await self.twilio.write(f"whatsapp:{number}", WHATSAPP, text)
        assert answer.status == 200

    def heard(self, way: str, person: Person) -> list[str]:
        """The texts that reached a person over one channel, oldest first."""
        if way == "email":
            return [f"{one.subject}\n{one.text}" for one in self.mail.mailbox(person.mail)]
        if way == "web":
            return [one.text for one in self.portal.conversation(person.conversation)]
        return self.phone(person.number, whatsapp=way == "whatsapp")

    def phone(self, number: str, *, whatsapp: bool = True) -> list[str]:
        return [one.body for one in self.twilio.phone(f"whatsapp:{number}" if whatsapp else number)]

    async def hears(self, way: str, person: Person, count: int = 1) -> list[str]:
        """The texts that reached a person, once everything has settled: exactly that many."""
        await self.settled()
        found = self.heard(way, person)
        assert len(found) == count, found
        return found

    # Staff

    async def api(self, method: str, path: str, *, by: str = "rini", **body: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token(by)}"}
        sent = {"json": body} if body else {}
        async with self.http.request(method, f"{self.url}/api/v1{path}", headers=headers, **sent) as answer:
            return answer.status, await answer.json(content_type=None)

    async def get(self, path: str, *, by: str = "rini") -> Any:
        status, found = await self.api("GET", path, by=by)
        assert status == 200, found
        return found

    async def move(self, reference: str, to: str, *, by: str, **given: Any) -> None:
        status, answer = await self.api("POST", f"/cases/{reference}/transitions", by=by, to=to, **given)
        assert (status, answer.get("state")) == (200, to), answer

    async def cases(self) -> list[dict[str, Any]]:
        return (await self.get("/cases"))["items"]

    async def case(self, reference: str) -> dict[str, Any]:
        return await self.get(f"/cases/{reference}")

    async def only_case(self) -> dict[str, Any]:
        [one] = await self.cases()
        return await self.case(one["reference"])

    # The wire

    def twilio_request(
        self, channel: str, pairs: list[tuple[str, str]], *, query: str = "", extra: Mapping[str, str] = {}
    ) -> WebhookRequest:
        """A form as Twilio signs and posts it, whatever it holds."""
        url = f"{PUBLIC}/channels/{channel}{query}"
        signature = RequestValidator(AUTH_TOKEN).compute_signature(url, MultiDict(pairs))
        body = aiohttp.FormData(pairs)()
        headers = {"X-Twilio-Signature": signature, "Content-Type": body.content_type, **extra}
        return WebhookRequest.of("POST", url, headers, bytes(body._value))

    def message_pairs(self, sid: str, person: Person, text: str, *, way: str = "whatsapp") -> list[tuple[str, str]]:
        sender, to = (f"whatsapp:{person.number}", WHATSAPP) if way == "whatsapp" else (person.number, SMS)
        return [("MessageSid", sid), ("AccountSid", self.twilio.account_sid), ("From", sender), ("To", to),
                ("Body", text), ("NumMedia", "0"), ("SmsStatus", "received")]  # fmt: skip

    async def post(self, request: WebhookRequest) -> tuple[int, Mapping[str, str]]:
        """Send a request as it is to where it really is served."""
        url = URL(request.url.replace(PUBLIC, self.url, 1), encoded=True)
        headers = CIMultiDict(request.headers)
        async with self.http.request(request.method, url, data=request.body, headers=headers) as answer:
            await answer.read()
            return answer.status, answer.headers

    # What is stored

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return rows_of(self.folder / "data" / "treckk.db", self.database, query, *values)

    def tables(self) -> dict[str, int]:
        """How many rows each table has that nothing but messages and people's acts fills."""
        if self.database:
            found = self.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        else:
            found = self.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")
        own = {"meta", "recovery"}  # what the gateway writes down for itself, whenever it has started
        names = [name for (name,) in found if name not in own and not name.startswith("procrastinate")]
        return {name: self.rows(f"SELECT count(*) FROM {name}")[0][0] for name in names}

    async def books(self) -> dict[str, int]:
        found = await self.gateway.counters()
        assert found["received"] == found["filed"] + found["parked"] + found["new"]
        return found

    async def settled(self, *, leap: float = 2.0) -> None:
        """Return when nothing is under way; waits of up to `leap` seconds (a rate limit's) are leapt over."""
        store, wakeups = self.gateway._parts.store, self.gateway._parts.wakeups
        async with asyncio.timeout(PATIENCE):
            while True:
                assert await self.gateway.settled(PATIENCE)
                await self.twilio.settled()
                due, now = await store.next_due(), self.clock.now()
                if due is not None and due <= now + leap * 1_000_000:
                    self.clock.advance(max(0, due - now) / 1_000_000)
                    wakeups.hint()
                elif await self.gateway.settled(PATIENCE) and not self.twilio._tasks:
                    return

    def wake(self) -> None:
        """Have the gateway look at its clock now."""
        self.gateway._parts.wakeups.hint()
