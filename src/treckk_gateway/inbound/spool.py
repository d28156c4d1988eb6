"""Where requests wait, sealed, on this machine's disk while the database is away.

While anything waits here, what comes goes behind it, so that nobody's messages change their order. When the database
is back, all of it is replayed, oldest first; replaying twice is harmless, since the database knows every dedupe key.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

import attrs
import msgspec
import structlog

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.ids import Clock
from treckk_gateway.errors import StoreBusy, StoreError, StoreUnavailable, TreckkError, described
from treckk_gateway.inbound.spool_file import ASIDE, SUFFIX, SpoolFile, framed, read
from treckk_gateway.model import Instant
from treckk_gateway.privacy import Box, Keyring
from treckk_gateway.store.orders import NewItem

P = ParamSpec("P")
T = TypeVar("T")

_TOGETHER = 64
"""How many requests share one sync, and how many are replayed side by side."""
_WHOLE = 4_000_000
"""Bytes after which the next file is begun, so that room is given back while the spool is emptied."""
_SHUT = 0.5
"""Seconds for which new requests wait while the database takes what is here: else they might fill it faster."""
_LOOK = 30.0
"""Seconds between looks for files of processes that are gone."""
_FULL = 30

log = structlog.get_logger(__name__)


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A verified request, read and not yet stored: its items, and the request as `pack` keeps it."""

    channel_id: str
    items: tuple[NewItem, ...]
    request: bytes
    received_at: Instant
    parked: str | None = None


Keep = Callable[[Arrival], Awaitable[tuple[bool, ...]]]
"""Stores an arrival in the database; for each item whether it is new."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Arrival).decode


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


class _Kept(NamedTuple):
    """A file of ours and the box its records are sealed in; of one taken over, that is read with it."""

    file: SpoolFile
    box: Box | None


class Spool:
    """Requests that wait for the database: kept, bounded, replayed in order. `limit` is in bytes.

    `queue_limit` requests may wait for the disk, the oldest of them `queue_age` seconds; past that, and past `limit`,
    a request is refused with `StoreBusy`. The database is tried again every `retry` seconds.
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
        self._folder = folder
        self._keyring = keyring
        self._clock = clock
        self._unique = unique
        self._limit = limit
        self.retry = retry
        self._queue_limit = queue_limit
        self._queue_age = queue_age
        self._keep: Keep | None = None
        self._queue: deque[_Waiting] = deque()
        self._files: deque[_Kept] = deque()
        self._active: _Kept | None = None
        self._done = 0  # records of the oldest file that were replayed
        self._waiting = self._bytes = self._queued = self._spooled = self._aside = 0
        self._spoiled = self._full = self._open = False
        self._began = self._shut_at = 0.0
        self._lock = asyncio.Lock()
        self._gate = asyncio.Event()
        self._gate.set()
        self._something = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._draining: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="treckk-spool")

    @property
    def state(self) -> SpoolState:
        """How it does now."""
        return SpoolState(
            holding=self.holding,
            waiting=self._waiting,
            bytes=self._bytes,
            limit=self._limit,
            oldest_at=self._files[0].file.begun_at if self._files else None,
            full=self._full,
            spooled=self._spooled,
            aside=self._aside,
        )

    @property
    def used(self) -> bool:
        """Whether a gateway was open with this spool before."""
        return self._folder.is_dir()

    async def open(self, keep: Keep) -> None:
        """Take over what processes that are gone left behind, and begin to replay. Raises `StoreUnavailable`."""
        self._keep = keep
        try:
            await self._run(partial(self._folder.mkdir, parents=True, exist_ok=True, mode=0o700))
            await self._adopt()
        except OSError as problem:
            raise StoreUnavailable(f"gateway.spool_dir cannot be used: {problem.strerror}") from problem
        self._open = True
        self._draining = asyncio.create_task(self._drain(), name="treckk-spool")

    async def close(self) -> None:
        """Write what waits, let go of the files. What is in them is replayed at the next start."""
        self._open = False
        tasks = [one for one in (self._draining, self._writing) if one is not None]
        if self._draining is not None:
            self._draining.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in self._files:
            one.file.close()
        self._files.clear()
        self._thread.shutdown()

    async def take(self, arrival: Arrival) -> tuple[bool, ...]:
        """Store an arrival in the database, or keep it here when that cannot be or others wait here already.

        Returns once it is durable in either. Raises `StoreBusy` when it fits into neither.
        """
        assert self._keep is not None  # noqa: S101 opened before anything is taken
        if self.holding:
            await self._gate.wait()
        if not self.holding:
            try:
                return await self._keep(arrival)
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
        if self._bytes + self._queued + size > self._limit:
            self._tell_full(self._waiting, self._bytes)
            raise StoreBusy("the spool is full", retry_after=_FULL)
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

    def _tell_full(self, count: int, size: int) -> None:
        if not self._full:
            self._full = True
            log.error("spool.full", count=count, bytes=size)

    async def _write(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(_TOGETHER, len(self._queue)))]
            problem: BaseException | None = None
            try:
                async with self._lock:
                    await self._store(batch)
            except Exception as found:  # noqa: BLE001 told to whoever brought it; nobody was told yes
                self._active = None  # a file that failed once is not written again
                log.error("spool.write_failed", count=len(batch), **described(found))
                problem = StoreBusy("the spool cannot be written", retry_after=_FULL)
            self._queued -= sum(one.size for one in batch)
            for one in batch:
                with suppress(asyncio.InvalidStateError):  # whoever asked is gone; what it brought is kept
                    one.future.set_result(None) if problem is None else one.future.set_exception(problem)

    async def _store(self, batch: Sequence[_Waiting]) -> None:
        kept = self._active
        if kept is None or kept.file.size >= _WHOLE:
            kept = await self._begin()
        assert kept.box is not None  # noqa: S101 ours
        self._bytes += await self._run(_append, kept.file, kept.box, [one.arrival for one in batch])
        self._waiting += len(batch)
        self._spooled += len(batch)
        self._something.set()

    async def _begin(self) -> _Kept:
        wrapped = self._keyring.new_key()
        file = await self._run(SpoolFile.create, self._folder, self._clock(), self._unique(), wrapped)
        kept = _Kept(file, self._keyring.box(wrapped))
        self._active = kept
        self._files.append(kept)
        self._bytes += file.size
        return kept

    # replaying

    async def _adopt(self) -> None:
        ours = {one.file.path for one in self._files}
        names = await self._run(lambda: sorted(self._folder.iterdir()))
        self._aside = sum(1 for one in names if one.suffix == ASIDE)
        for path in names:
            if path.suffix != SUFFIX or path in ours:
                continue
            file = await self._run(SpoolFile.adopt, path)
            if file is None:
                continue
            contents = read(await self._run(file.content))
            self._files.append(_Kept(file, None))
            self._waiting += len(contents.records)
            self._bytes += file.size
            self.holding = True
            self._began = time.monotonic()
            self._something.set()
            log.warning("spool.found", count=len(contents.records), bytes=file.size)

    async def _drain(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._something.wait()
            self._something.clear()
            try:
                await self._adopt()
                await self._empty()
            except (StoreBusy, StoreUnavailable):
                await self._pause()
            except Exception as problem:  # noqa: BLE001 told in the log, and tried again
                log.error("spool.replay_failed", **described(problem))
                await self._pause()

    async def _pause(self) -> None:
        self._something.set()
        await asyncio.sleep(self.retry)

    async def _empty(self) -> None:
        """Replay all there is, then let requests go to the database again."""
        count = 0
        try:
            while (kept := await self._oldest()) is not None:
                count += await self._replay(kept)
            if self.holding:
                self.holding = False
                log.info("spool.emptied", count=count, seconds=round(time.monotonic() - self._began, 3))
        finally:
            self._gate.set()

    async def _oldest(self) -> _Kept | None:
        """The oldest file, no longer written; `None` when there is none and none is being written."""
        while not self._files:
            writing = self._writing
            if writing is None or writing.done():
                return None
            await asyncio.wait([writing])
        kept = self._files[0]
        async with self._lock:
            if kept is self._active:
                self._active = None
        return kept

    async def _replay(self, kept: _Kept) -> int:
        """Everything in a file, from where the last try ended; how many that were."""
        contents = read(await self._run(kept.file.content))
        arrivals = await self._run(self._opened, kept, contents.key, contents.records)
        self._spoiled = self._spoiled or contents.damaged or len(arrivals) < len(contents.records)
        begun = self._done
        for batch in _together(arrivals[begun:]):
            await self._put(batch)
            await self._shut_the_gate()
        if contents.unfinished:
            log.warning("spool.unfinished", bytes=contents.unfinished)
        await self._finish(kept, len(contents.records))
        return len(arrivals) - begun

    def _opened(self, kept: _Kept, wrapped: bytes | None, records: Sequence[bytes]) -> list[Arrival]:
        """What can be opened of it: another gateway's key opens nothing."""
        arrivals: list[Arrival] = []
        if wrapped is None:
            return arrivals
        try:
            box = kept.box or self._keyring.box(wrapped)
            arrivals.extend(_unpack(box.open(Purpose.SPOOL, one)) for one in records)
        except (TreckkError, msgspec.MsgspecError) as problem:
            log.error("spool.unreadable", count=len(records) - len(arrivals), **described(problem))
        return arrivals

    async def _shut_the_gate(self) -> None:
        """The database takes things again: who comes waits, and is let in behind the others now and then."""
        now = time.monotonic()
        if self._gate.is_set():
            self._gate.clear()
            self._shut_at = now
        elif now - self._shut_at > _SHUT:
            self._gate.set()
            await asyncio.sleep(0)
            self._gate.clear()
            self._shut_at = now

    async def _put(self, batch: Sequence[Arrival]) -> None:
        """Store some of different senders. Raises when they have to wait."""
        assert self._keep is not None  # noqa: S101 opened
        results = await asyncio.gather(*[self._keep(one) for one in batch], return_exceptions=True)
        for result in results:
            if isinstance(result, StoreBusy | StoreUnavailable):
                raise result
            if isinstance(result, BaseException):
                self._spoiled = True
                log.error("spool.refused", count=1, **described(result))
            self._done += 1
            self._waiting -= 1

    async def _finish(self, kept: _Kept, records: int) -> None:
        size, spoiled = kept.file.size, self._spoiled
        await self._run(kept.file.set_aside if spoiled else kept.file.remove)
        self._files.popleft()
        self._waiting -= records - self._done
        self._done, self._spoiled = 0, False
        self._bytes -= size
        self._full = False
        if spoiled:
            self._aside += 1
            log.error("spool.set_aside", count=records, bytes=size)

    async def _run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *arguments, **named))


def _append(file: SpoolFile, box: Box, arrivals: Sequence[Arrival]) -> int:
    """Seal and write; how many bytes that were."""
    data = b"".join(framed(box.seal(Purpose.SPOOL, _pack(one))) for one in arrivals)
    file.append(data)
    return len(data)


def _together(arrivals: Sequence[Arrival]) -> Iterator[list[Arrival]]:
    """Groups in which nobody stands twice: within one the order is free, and one that fails comes again alone."""
    group: list[Arrival] = []
    seen: set[bytes] = set()
    for arrival in arrivals:
        lanes = {one.lane for one in arrival.items}
        if len(group) >= _TOGETHER or seen & lanes:
            yield group
            group, seen = [], set()
        group.append(arrival)
        seen |= lanes
    if group:
        yield group
