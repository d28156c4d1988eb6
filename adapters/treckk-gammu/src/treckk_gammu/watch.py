"""Looks into SMSD's tables on a clock, and brings what is new. Nothing is marked before it was kept."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from treckk_gateway.channel import Deliver, WebhookRequest
from treckk_gateway.errors import StoreBusy, StoreUnavailable, described
from treckk_gateway.model import DeliveryState

from treckk_gammu import events, parts
from treckk_gammu.database import Database, Row
from treckk_gammu.events import Found

MOST = 200
"""Rows looked at in one round."""

log = structlog.get_logger(__name__)
T = TypeVar("T")
Run = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Calls something that blocks, in a thread."""


class Watch:
    """One task; `start`, then `quiet`. `request` makes of a body what the gateway takes."""

    def __init__(
        self,
        database: Database,
        run: Run,
        request: Callable[[bytes], WebhookRequest],
        *,
        channel_id: str,
        every: float,
        part_wait: float,
    ) -> None:
        self._database = database
        self._run = run
        self._request = request
        self._channel_id = channel_id
        self._every = every
        self._part_wait = part_wait
        self._task: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        self._first_seen: dict[int, float] = {}
        self._told: dict[int, str] = {}
        self._stamp = ""
        self._troubled = False

    def start(self, deliver: Deliver) -> None:
        """Begin to look."""
        self._ending.clear()
        self._task = asyncio.create_task(self._keep_looking(deliver), name=f"gammu-{self._channel_id}")

    async def quiet(self) -> None:
        """Look no more; what is under way ends."""
        self._ending.set()
        task, self._task = self._task, None
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)

    async def look(self, deliver: Deliver) -> None:
        """One round: whole texts, texts whose missing parts were waited for, and news of our own.

        Raises `sqlite3.Error`, `StoreBusy`, `StoreUnavailable`; what was not brought then comes with the next round.
        """
        rows: list[Row] = await self._run(lambda: self._database.unread(MOST))
        for found in self._ready(rows):
            await self._bring(deliver, found)
        changed, stamp = await self._run(lambda: self._database.sent_since(self._stamp))
        for name, sent in changed.items():
            await self._tell(deliver, name, sent)
        self._stamp = stamp

    async def _keep_looking(self, deliver: Deliver) -> None:
        while not self._ending.is_set():
            try:
                await self.look(deliver)
                self._troubled = False
            except (sqlite3.Error, StoreBusy, StoreUnavailable) as problem:
                if not self._troubled:
                    log.warning("gammu.not_read", channel_id=self._channel_id, **described(problem))
                self._troubled = True
            except Exception as problem:
                log.error("gammu.look_failed", channel_id=self._channel_id, **described(problem))
            try:
                await asyncio.wait_for(self._ending.wait(), self._every)
            except TimeoutError:
                continue

    def _ready(self, rows: list[Row]) -> list[list[Row]]:
        """The texts to bring now, each as its rows in order."""
        now = time.monotonic()
        by_id = {int(one["ID"]): one for one in rows}
        self._first_seen = {one: self._first_seen.get(one, now) for one in by_id}
        found = []
        for text in parts.gathered((one, str(row["SenderNumber"]), str(row["UDH"])) for one, row in by_id.items()):
            waited = now - min(self._first_seen[one] for one in text.ids)
            if text.whole or waited >= self._part_wait:
                found.append([by_id[one] for one in text.ids])
        return sorted(found, key=lambda one: min(int(row["ID"]) for row in one))

    async def _bring(self, deliver: Deliver, rows: list[Row]) -> None:
        if self._ending.is_set():
            return
        answer = await deliver(self._request(events.written(Found(inbox=rows))))
        if answer.status // 100 == 2:
            await self._run(lambda: self._database.processed([int(one["ID"]) for one in rows]))

    async def _tell(self, deliver: Deliver, name: int, rows: list[Row]) -> None:
        decided = events.outcome(rows)
        if decided is None or self._told.get(name) == decided[0] or self._ending.is_set():
            return
        answer = await deliver(self._request(events.written(Found(sent=rows))))
        if answer.status // 100 == 2:
            final = decided[1] in {DeliveryState.DELIVERED, DeliveryState.FAILED}
            await self._run(lambda: self._database.told(name, final=final))
            self._told[name] = decided[0]
            while len(self._told) > MOST * 20:
                self._told.pop(next(iter(self._told)))
