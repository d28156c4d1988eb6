"""What waits in the spool's folder, brought to the database, oldest first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

import attrs
import structlog

from treckk_gateway.errors import StoreBusy, StoreUnavailable, described
from treckk_gateway.inbound.arrival import Arrival, Keep
from treckk_gateway.inbound.spool.folder import Kept, SpoolFolder

_TOGETHER = 64
"""How many requests are replayed side by side."""
_SHUT = 0.5
"""Seconds for which new requests wait while the database takes what is here: else they might fill it faster."""

log = structlog.get_logger(__name__)


@attrs.define(kw_only=True)
class Replay:
    """Brings files to the database. `gate` is what new requests wait at; `written` waits for a write under way.

    `written` says false when there is none.
    """

    folder: SpoolFolder
    keep: Keep
    gate: asyncio.Event
    written: Callable[[], Awaitable[bool]]
    _shut_at: float = attrs.field(default=0.0, init=False)

    async def all(self) -> int:
        """Replay until nothing is left and nothing is being written; how many requests that were.

        Raises `StoreBusy` or `StoreUnavailable` when the rest has to wait. What was done is not done again.
        """
        count = 0
        while (kept := await self._oldest()) is not None:
            count += await self._replay(kept)
        return count

    async def _oldest(self) -> Kept | None:
        """The oldest file, no longer written; `None` when there is none and none is being written."""
        while not self.folder.files:
            if not await self.written():
                return None
        kept = self.folder.files[0]
        await self.folder.retire(kept)
        return kept

    async def _replay(self, kept: Kept) -> int:
        """Everything in a file, from where the last try ended; how many that were."""
        arrivals = await self.folder.read(kept)
        begun = kept.done
        for batch in _together(arrivals[begun:]):
            await self._put(kept, batch)
            await self._shut_the_gate()
        await self.folder.finish(kept)
        return len(arrivals) - begun

    async def _put(self, kept: Kept, batch: Sequence[Arrival]) -> None:
        """Store some of different senders. Raises when they have to wait."""
        results = await asyncio.gather(*[self.keep(one) for one in batch], return_exceptions=True)
        for result in results:
            if isinstance(result, StoreBusy | StoreUnavailable):
                raise result
            if isinstance(result, BaseException):
                kept.spoiled = True
                log.error("spool.refused", count=1, **described(result))
            kept.done += 1

    async def _shut_the_gate(self) -> None:
        """The database takes things again: who comes waits, and is let in behind the others now and then."""
        now = time.monotonic()
        if self.gate.is_set():
            self.gate.clear()
            self._shut_at = now
        elif now - self._shut_at > _SHUT:
            self.gate.set()
            await asyncio.sleep(0)
            self.gate.clear()
            self._shut_at = now


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
