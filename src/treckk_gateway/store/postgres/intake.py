"""Requests that wait together are stored by one transaction: one insert and one batch of jobs.

Source: storage-and-engine reference, 6.6. The next batch forms while the one before is being committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog

from treckk_gateway.errors import StoreBusy, StoreUnavailable, described
from treckk_gateway.store.orders import NewRequest
from treckk_gateway.store.postgres.hands import Hands
from treckk_gateway.store.postgres.session import Session
from treckk_gateway.store.rows import Topic
from treckk_gateway.store.sql import inbox

MOST = 64
_HALF = 5.0
"""Seconds after which what a channel brought counts half."""
_STEP, _FARTHEST = 16, 1000

_KEEP = """
INSERT INTO inbox (channel_id, dedupe_key, kind, item, lane, key_day, sealed_raw, received_at, claimed_at, state,
 reason, due)
SELECT * FROM unnest(:channels::text[], :keys::text[], :kinds::text[], :items::bigint[], :lanes::bytea[],
 :days::text[], :raws::bytea[], :received::bigint[], :claimed::bigint[], :states::text[], :reasons::text[],
 :received::bigint[]) ON CONFLICT DO NOTHING RETURNING id, channel_id, dedupe_key, lane, state
"""

Answer = tuple[bool, ...]

log = structlog.get_logger(__name__)


def accept_together(session: Session, requests: Sequence[NewRequest], behind: Mapping[str, int]) -> list[Answer]:
    """For each request whether its items are new; every lane that got something new is woken.

    `behind` is how far jobs of a channel stand behind others.
    """
    answers: list[Answer] = [()] * len(requests)
    single = [number for number, one in enumerate(requests) if len(one.items) == 1]
    if single:
        new = _keep(session, [requests[number] for number in single], behind)
        for number in single:
            key = (requests[number].channel_id, _key(requests[number]))
            answers[number] = (key in new,)
            new.discard(key)
    for number, one in enumerate(requests):
        if len(one.items) != 1:
            answers[number] = accept(session, one, behind)
    return answers


def accept(session: Session, request: NewRequest, behind: Mapping[str, int]) -> Answer:
    """One request of several items, or none."""
    new = inbox.accept(session, request)
    for item, fresh in zip(request.items, new, strict=True):
        if fresh and not request.parked:
            [(inbox_id,)] = session.execute(
                "SELECT id FROM inbox WHERE channel_id = ? AND dedupe_key = ?", (request.channel_id, item.dedupe_key)
            ).fetchall()
            session.wake(Topic.INBOX, inbox_id, 0, turn=_turn(item.lane), behind=behind.get(request.channel_id, 0))
    return new


def _keep(session: Session, requests: Sequence[NewRequest], behind: Mapping[str, int]) -> set[tuple[str, str]]:
    items = [one.items[0] for one in requests]
    values: dict[str, list[Any]] = {
        "channels": [one.channel_id for one in requests],
        "keys": [_key(one) for one in requests],
        "kinds": [one.kind for one in items],
        "items": [one.item for one in items],
        "lanes": [one.lane for one in items],
        "days": [one.key_day for one in requests],
        "raws": [one.raw for one in requests],
        "received": [one.received_at for one in requests],
        "claimed": [one.claimed_at for one in items],
        "states": ["parked" if one.parked else "new" for one in requests],
        "reasons": [one.parked for one in requests],
    }
    rows = session.execute(_KEEP, values).fetchall()
    woken: set[bytes] = set()
    for inbox_id, channel_id, _dedupe, lane, state in rows:
        if state == "new" and lane not in woken:
            session.wake(Topic.INBOX, inbox_id, 0, turn=_turn(lane), behind=behind.get(channel_id, 0))
            woken.add(lane)
    return {(row[1], row[2]) for row in rows}


def _key(request: NewRequest) -> str:
    return request.items[0].dedupe_key.replace("\0", "")


def _turn(lane: bytes) -> str:
    return f"{Topic.INBOX}:{lane.hex()}"


class Crowds:
    """What each channel brought lately, by halves every few seconds: who brings much stands behind who brings little.

    So a flood on one channel keeps no message of another waiting for its end. Nothing waits for ever by it: the others
    bring little.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lately: dict[str, tuple[float, float]] = {}

    def behind(self, channels: Iterable[str]) -> dict[str, int]:
        """Count what came now; how far each of these channels stands behind one that brought nothing."""
        now, found = self._clock(), {}
        for channel_id in channels:
            much, at = self._lately.get(channel_id, (0.0, now))
            much = much * 0.5 ** ((now - at) / _HALF) + 1
            self._lately[channel_id] = much, now
            found[channel_id] = min(_FARTHEST, int(much) // _STEP)
        return found


class _Waiting:
    __slots__ = ("future", "request", "since")

    def __init__(self, request: NewRequest, future: asyncio.Future[Answer]) -> None:
        self.request = request
        self.future = future
        self.since = time.monotonic()


class Intake:
    """Stores requests in batches by `write`, which runs in `thread`. Past its bounds it refuses with `StoreBusy`."""

    def __init__(self, write: Callable[..., Any], thread: Hands, *, limit: int, oldest: float) -> None:
        self._write = write
        self._thread = thread
        self._limit = limit
        self._oldest = oldest
        self._queue: deque[_Waiting] = deque()
        self._storing: asyncio.Task[None] | None = None
        self._since: float | None = None
        self._closed = False
        self._crowds = Crowds()
        self.commits = 0

    @property
    def behind(self) -> bool:
        """Whether the oldest that waits does so for too long."""
        oldest = self._since if self._since is not None else (self._queue[0].since if self._queue else None)
        return oldest is not None and time.monotonic() - oldest > self._oldest

    async def accept(self, request: NewRequest) -> Answer:
        """Whether its items are new, once they are durable. Raises `StoreBusy` or `StoreUnavailable`."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if len(self._queue) >= self._limit or self.behind:
            raise StoreBusy("the store is behind: try again")
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store(), name="treckk-intake")
        return await waiting.future

    async def close(self, patience: float) -> None:
        """Store what waits, for `patience` seconds, and refuse what comes."""
        self._closed = True
        if self._storing is not None and not self._storing.done():
            await asyncio.wait([self._storing], timeout=patience)

    async def _store(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(MOST, len(self._queue)))]
            self._since = batch[0].since
            await self._settle(batch)
            self._since = None

    async def _settle(self, batch: list[_Waiting]) -> None:
        requests = [one.request for one in batch]
        behind = self._crowds.behind([one.channel_id for one in requests])
        try:
            answers: Sequence[Answer | BaseException] = await self._run(requests, behind)
        except StoreUnavailable as problem:
            answers = [problem] * len(batch)
        except Exception as problem:  # noqa: BLE001 redone one by one, so that the bad one alone fails
            if len(batch) > 1:
                log.warning("store.batch_redone", count=len(batch), **described(problem))
                answers = [await self._alone(one, behind) for one in requests]
            else:
                answers = [problem]
        for waiting, answer in zip(batch, answers, strict=True):
            with contextlib.suppress(asyncio.InvalidStateError):  # whoever asked is gone; what it brought is stored
                if isinstance(answer, BaseException):
                    waiting.future.set_exception(answer)
                else:
                    waiting.future.set_result(answer)

    async def _alone(self, request: NewRequest, behind: Mapping[str, int]) -> Answer | BaseException:
        try:
            return (await self._run([request], behind))[0]
        except Exception as problem:  # noqa: BLE001 told to whoever brought it
            return problem

    async def _run(self, requests: Sequence[NewRequest], behind: Mapping[str, int]) -> list[Answer]:
        done: list[Answer] = await self._thread.do(partial(self._write, accept_together, requests, behind))
        self.commits += 1
        return done
