"""Requests that wait for the database: whether they go there or here, and in which order.

While anything waits here, what comes goes behind it, so that nobody's messages change their order. When the database
is back, all of it is replayed, oldest first; replaying twice is harmless, since the database knows every dedupe key.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import attrs
import structlog

from treckk_gateway.casework.ids import Clock
from treckk_gateway.errors import StoreBusy, StoreError, StoreUnavailable, described
from treckk_gateway.inbound.arrival import Arrival, Keep
from treckk_gateway.inbound.spool.folder import FULL, SpoolFolder
from treckk_gateway.inbound.spool.replay import Replay
from treckk_gateway.model import Instant
from treckk_gateway.privacy import Keyring

_TOGETHER = 64
"""How many requests share one sync."""
_LOOK = 30.0
"""Seconds between looks for files of processes that are gone."""

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class SpoolState:
    """How the spool does: requests and bytes that wait, since when, and files set aside for people.

    `holding` says that what comes goes to the spool now, `full` that it does not fit any more and is answered 503.
    """

    holding: bool
    waiting: int
    bytes: int
    limit: int
    oldest_at: Instant | None
    full: bool
    spooled: int
    aside: int


class _Waiting(NamedTuple):
    arrival: Arrival
    size: int
    since: float
    future: asyncio.Future[None]


class Spool:
    """Requests that wait for the database: kept, bounded, replayed in order. `limit` is in bytes.

    `queue_limit` requests may wait for the disk, the oldest of them `queue_age` seconds; past that, and past `limit`,
    a request is refused with `StoreBusy`. The database has `queue_age` seconds to take one, too: one that stands still
    would keep a provider waiting until it gives up. It is tried again every `retry` seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keyring: Keyring,
        clock: Clock,
        unique: Callable[[], str],
        limit: int,
        retry: float = 1.0,
        queue_limit: int = 2000,
        queue_age: float = 3.0,
    ) -> None:
        self.holding = False
        self.retry = retry
        self._folder = SpoolFolder(folder, keyring=keyring, clock=clock, unique=unique, limit=limit)
        self._queue_limit = queue_limit
        self._queue_age = queue_age
        self._keep: Keep | None = None
        self._queue: deque[_Waiting] = deque()
        self._queued = self._spooled = 0
        self._open = False
        self._began = 0.0
        self._gate = asyncio.Event()
        self._gate.set()
        self._something = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._draining: asyncio.Task[None] | None = None

    @property
    def state(self) -> SpoolState:
        """How it does now."""
        return SpoolState(
            holding=self.holding,
            waiting=self._folder.waiting,
            bytes=self._folder.bytes,
            limit=self._folder.limit,
            oldest_at=self._folder.oldest_at,
            full=self._folder.full,
            spooled=self._spooled,
            aside=self._folder.aside,
        )

    @property
    def used(self) -> bool:
        """Whether a gateway was open with this spool before."""
        return self._folder.used

    async def open(self, keep: Keep) -> None:
        """Take over what processes that are gone left behind, and begin to replay. Raises `StoreUnavailable`."""
        self._keep = keep
        try:
            await self._folder.open()
            await self._adopt()
        except OSError as problem:
            raise StoreUnavailable(f"gateway.spool_dir cannot be used: {problem.strerror}") from problem
        self._open = True
        replay = Replay(folder=self._folder, keep=keep, gate=self._gate, written=self._written)
        self._draining = asyncio.create_task(self._drain(replay), name="treckk-spool")

    async def close(self) -> None:
        """Write what waits, let go of the files. What is in them is replayed at the next start."""
        self._open = False
        tasks = [one for one in (self._draining, self._writing) if one is not None]
        if self._draining is not None:
            self._draining.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._folder.close()

    async def take(self, arrival: Arrival) -> tuple[bool, ...]:
        """Store an arrival in the database, or keep it here when that cannot be or others wait here already.

        Returns once it is durable in either. Raises `StoreBusy` when it fits into neither.
        """
        assert self._keep is not None  # noqa: S101 opened before anything is taken
        if self.holding:
            await self._gate.wait()
        if not self.holding:
            try:
                # What is given up here may be stored all the same: then its replay is known by its key.
                async with asyncio.timeout(self._queue_age):
                    return await self._keep(arrival)
            except TimeoutError:
                self.hold(StoreUnavailable("the database does not answer"))
            except (StoreBusy, StoreUnavailable) as problem:
                if not self._open:
                    raise
                self.hold(problem)
        await self._append(arrival)
        return (True,) * len(arrival.items)

    def hold(self, problem: StoreError) -> None:
        """From now on everything comes here first, until all of it could be replayed."""
        if not self.holding:
            self.holding = True
            self._began = time.monotonic()
            log.warning("spool.holding", **described(problem))
        self._something.set()

    # keeping

    async def _append(self, arrival: Arrival) -> None:
        size = len(arrival.request) + 512
        self._folder.require_room(self._queued + size)
        if len(self._queue) >= self._queue_limit or self._slow():
            raise StoreBusy("the spool's disk is behind: try again")
        future = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(arrival, size, time.monotonic(), future))
        self._queued += size
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="treckk-spooling")
        await future

    def _slow(self) -> bool:
        return bool(self._queue) and time.monotonic() - self._queue[0].since > self._queue_age

    async def _write(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(_TOGETHER, len(self._queue)))]
            problem: BaseException | None = None
            try:
                await self._store(batch)
            except Exception as found:  # noqa: BLE001 told to whoever brought it; nobody was told yes
                log.error("spool.write_failed", count=len(batch), **described(found))
                problem = StoreBusy("the spool cannot be written", retry_after=FULL)
            self._queued -= sum(one.size for one in batch)
            for one in batch:
                with suppress(asyncio.InvalidStateError):  # whoever asked is gone; what it brought is kept
                    one.future.set_result(None) if problem is None else one.future.set_exception(problem)

    async def _store(self, batch: Sequence[_Waiting]) -> None:
        await self._folder.append([one.arrival for one in batch])
        self._spooled += len(batch)
        self._something.set()

    async def _written(self) -> bool:
        """Wait for what is being written; false when nothing is."""
        writing = self._writing
        if writing is None or writing.done():
            return False
        await asyncio.wait([writing])
        return True

    # emptying

    async def _adopt(self) -> None:
        async for kept in self._folder.adopt():
            self.holding = True
            self._began = time.monotonic()
            self._something.set()
            log.warning("spool.found", count=kept.records, bytes=kept.file.size)

    async def _drain(self, replay: Replay) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._something.wait()
            self._something.clear()
            try:
                await self._adopt()
                await self._empty(replay)
            except (StoreBusy, StoreUnavailable):
                await self._pause()
            except Exception as problem:  # noqa: BLE001 told in the log, and tried again
                log.error("spool.replay_failed", **described(problem))
                await self._pause()

    async def _pause(self) -> None:
        self._something.set()
        await asyncio.sleep(self.retry)

    async def _empty(self, replay: Replay) -> None:
        """Replay all there is, then let requests go to the database again."""
        try:
            count = await replay.all()
            # Nothing is awaited between the last look and this: what comes now goes to the database.
            if self.holding:
                self.holding = False
                log.info("spool.emptied", count=count, seconds=round(time.monotonic() - self._began, 3))
        finally:
            self._gate.set()
