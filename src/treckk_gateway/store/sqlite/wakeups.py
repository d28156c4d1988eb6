"""Waking in one process: rows that are due are read and handled, one at a time per lane."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import zip_longest

import structlog

from treckk_gateway.errors import StoreError, described
from treckk_gateway.model import Instant
from treckk_gateway.store.port import Store
from treckk_gateway.store.rows import Topic, Wake
from treckk_gateway.store.sql.setback import Latest

_SECOND = 1_000_000
_COOLING = 0.5
_FAR_EVERY = 0.25
"""Seconds between two looks past what waits of one channel, so that a flood there keeps no other waiting for long."""
_FRESH = 0.05
"""Seconds for which what a look found may be begun."""

log = structlog.get_logger(__name__)


class LocalWakeups:
    """Reads heads of lanes that are due and runs at most `slots` handlers side by side.

    A handler that raises, or that leaves its row as it was, is called again after a short pause, never at once.
    """

    def __init__(self, store: Store, clock: Callable[[], Instant], *, slots: int = 32, poll: float = 1.0) -> None:
        self._store = store
        self._slots = slots
        self._poll = poll
        self._event = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._last: dict[str, int] = {}
        self._cooling: set[str] = set()
        self._finished: set[str] = set()
        self._found: deque[Wake] = deque()
        self._found_at = -_FRESH
        self._stopping = False
        self._far_at = -math.inf
        self._latest = Latest(clock)
        self._ended = asyncio.Event()

    @property
    def busy(self) -> bool:
        """Whether any handler runs."""
        return bool(self._busy)

    def hint(self) -> None:
        """Look now."""
        self._event.set()

    async def run(self, handler: Callable[[Wake], Awaitable[None]]) -> None:
        """Work until stopped. A store that cannot be read is tried again every `poll` seconds."""
        try:
            while not self._stopping:
                self._event.clear()
                try:
                    pause = await self._round(handler)
                except StoreError as problem:
                    log.error("wakeups.store_failed", **described(problem))
                    pause = self._poll
                await self._sleep(pause)
        finally:
            self._ended.set()

    async def stop(self, grace: float) -> None:
        """Start nothing new, wait for what runs, then cancel it: its rows are taken up at the next start."""
        self._stopping = True
        self._event.set()
        await self._ended.wait()
        running = list(self._busy.values())
        if running:
            _done, late = await asyncio.wait(running, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _round(self, handler: Callable[[Wake], Awaitable[None]]) -> float:
        free = self._slots - len(self._busy)
        if free <= 0 or (self._fresh() and self._begin(handler, free)):
            return self._poll
        now = await self._latest.now(self._store)
        self._finished.clear()
        far = time.monotonic() - self._far_at >= _FAR_EVERY
        if far:
            self._far_at = time.monotonic()
        self._found = deque(_mixed(await self._store.heads(now, self._slots * 2, far=far)))
        self._found_at = time.monotonic()
        if self._begin(handler, self._slots - len(self._busy)):
            return self._poll
        due = await self._store.next_due()
        return self._poll if due is None or due <= now else min(self._poll, (due - now) / _SECOND)

    def _fresh(self) -> bool:
        """Whether what the last look found may still be begun: under a flood a look for each place would cost most."""
        return bool(self._found) and time.monotonic() - self._found_at < _FRESH

    def _begin(self, handler: Callable[[Wake], Awaitable[None]], free: int) -> bool:
        """Begin with what was found; false where nothing of it can be begun.

        What a lane finished since may still stand there: it is read anew before it goes on. Several rows of a lane may
        be due, an urgent one and timers among them: the first goes.
        """
        begun = 0
        while self._found and begun < free:
            one = self._found.popleft()
            if one.lane in self._busy or one.lane in self._cooling or one.lane in self._finished:
                continue
            self._busy[one.lane] = asyncio.create_task(self._handle(handler, one))
            begun += 1
        return begun > 0

    async def _handle(self, handler: Callable[[Wake], Awaitable[None]], wake: Wake) -> None:
        again = self._last.get(wake.lane) == wake.row_id
        try:
            await handler(wake)
        except Exception as problem:  # noqa: BLE001 told in the log, and dealt with below
            log.error("wakeups.handler_failed", topic=wake.topic, count=1, **described(problem))
            again = True
        finally:
            del self._busy[wake.lane]
            self._finished.add(wake.lane)
            self._last[wake.lane] = wake.row_id
            if len(self._last) > 4 * self._slots:
                self._last = {lane: self._last[lane] for lane in list(self._last)[-self._slots :]}
            if again:
                self._cool(wake.lane)
            self._event.set()

    def _cool(self, lane: str) -> None:
        self._cooling.add(lane)

        def warm() -> None:
            self._cooling.discard(lane)
            self._event.set()

        asyncio.get_running_loop().call_later(_COOLING, warm)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return


def _mixed(found: Sequence[Wake]) -> Iterator[Wake]:
    """One of each kind in turn, so that under a flood what came first is answered before the last has been read."""
    kinds = [[one for one in found if one.topic is topic] for topic in Topic]
    for some in zip_longest(*kinds):
        yield from (one for one in some if one is not None)
