"""Whose turn it is: no channel takes all that send at once, and an answer goes before a notice.

Source: lessons, O4 (a dead provider must not block the queue); the channel reference, 9.4 (replies before bulk).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

import attrs

from treckk_gateway.channel import Capabilities
from treckk_gateway.store.orders import Pace
from treckk_gateway.store.rows import OutboxRow

_SECOND = 1_000_000
_LOOKS = 50
"""Messages of a slow channel looked at again in a second, however many wait; of a quick one twice what it sends."""


@attrs.define
class _Channel:
    began: dict[int, float] = attrs.field(factory=dict)
    waiting: set[int] = attrs.field(factory=set)
    ended_at: float = -math.inf
    pace: float = 0.0

    def ended(self, now: float, span: float) -> None:
        """One more send is over."""
        self.pace = self.pace_at(now, span) + 1 / span
        self.ended_at = now

    def pace_at(self, now: float, span: float) -> float:
        """Sends that end in a second, of the last `span` seconds above all."""
        return self.pace * math.exp((self.ended_at - now) / span) if self.pace else 0.0


@attrs.define
class Turns:
    """Sends under way, by channel. Of `slots` pieces of work side by side a quarter is never for sending.

    A channel takes a quarter at most, or its even share where there are few `channels`; half of that for what is bulk;
    and it leaves a turn to each that sends nothing. Who finds none free waits a moment; where none came to an end for
    `slow` seconds nobody waits, and the place is somebody else's.
    """

    slots: int = 32
    channels: int = 1
    slow: float = 1.0
    clock: Callable[[], float] = time.monotonic
    _all: dict[str, _Channel] = attrs.field(factory=dict, init=False)
    _changed: asyncio.Condition = attrs.field(factory=asyncio.Condition, init=False)

    async def take(self, row: OutboxRow) -> float | None:
        """Take a turn; otherwise after how many seconds to ask again."""
        own = self._all.setdefault(row.channel_id, _Channel())
        if await self._waited(own, row):
            own.waiting.discard(row.id)
            own.began[row.id] = self.clock()
            return None
        own.waiting.add(row.id)
        looks = max(_LOOKS, 2 * own.pace_at(self.clock(), self.slow))
        return max(self.slow / 2, len(own.waiting) / looks) * (1.0 if bulk(row) else 0.5)

    async def give_back(self, row: OutboxRow) -> None:
        """The send is over."""
        own = self._all[row.channel_id]
        own.began.pop(row.id, None)
        own.ended(self.clock(), self.slow)
        async with self._changed:
            self._changed.notify_all()

    async def _waited(self, own: _Channel, row: OutboxRow) -> bool:
        """Whether a turn is free now, or within a moment."""
        if self._free(own, row):
            return True
        try:
            async with asyncio.timeout(self.slow), self._changed:
                while not self._free(own, row):
                    if self._is_slow(own):
                        return False
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _free(self, own: _Channel, row: OutboxRow) -> bool:
        under_way = len(own.began)
        for_sending = self.slots - self.slots // 4
        most = max(1, self.slots // 4, for_sending // self.channels)
        if under_way >= (max(1, most // 2) if bulk(row) else most):
            return False
        busy = [one for one in self._all.values() if one.began]
        left = for_sending - sum(len(one.began) for one in busy)
        return not under_way or left > self.channels - len(busy)

    def _is_slow(self, own: _Channel) -> bool:
        return bool(own.began) and self.clock() - max(min(own.began.values()), own.ended_at) > self.slow


def bulk(row: OutboxRow) -> bool:
    """Whether a message is neither an answer nor urgent: a notice, a digest, news of a case."""
    return not (row.urgent or row.reply)


def pace_of(row: OutboxRow, capabilities: Capabilities, parts: int) -> Pace:
    """The channel's rate for one message. Bulk may run ahead less, so that answers find a slot before it does."""
    interval = int(_SECOND / capabilities.rate)
    burst = (capabilities.burst - 1) * interval
    return Pace(interval=interval, burst=burst * 3 // 4 - interval // 4 if bulk(row) else burst, parts=parts)
