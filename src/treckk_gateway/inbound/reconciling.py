"""Messages whose webhook never came: the provider is asked for them on a clock, and what it lists is taken in.

Source: the channel reference, 5 (reconcile by polling); Twilio does not repeat a webhook that was answered too late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import attrs
import structlog

from treckk_gateway.casework.ids import Clock
from treckk_gateway.channel import Channel, Recovering
from treckk_gateway.errors import SendError, StoreError, described
from treckk_gateway.inbound.receiving import Receiver
from treckk_gateway.model import Instant
from treckk_gateway.store.operations.receiving import InboxStore
from treckk_gateway.store.orders import Pace

_SECOND = 1_000_000
OVERLAP = 600 * _SECOND
"""What was looked at already is looked at once more: a provider may list a message late."""
UNDER_WAY = 60.0
"""Seconds a webhook may be under way before its message is asked for."""
_FARTHEST = 7 * 86_400 * _SECOND
_PART = 3600 * _SECOND
"""After a long time away the provider is asked hour by hour, so that no part is large and each is kept for good."""
_LONGEST = 300.0
"""Seconds one part may take; then others may try."""
_TICKS = 4

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class Reconciler:
    """One watch for each channel that can be asked, so that one provider's trouble is nobody else's.

    Several processes agree over the store: one look at a time, and each `capabilities.recover_every` seconds.
    """

    store: InboxStore
    receiver: Receiver
    channels: Mapping[str, Channel]
    clock: Clock

    async def run(self) -> None:
        """Work until cancelled."""
        watched = [one for one in self.channels.values() if self.asks(one)]
        async with asyncio.TaskGroup() as watches:
            for channel in watched:
                watches.create_task(self._watch(channel), name=f"treckk-recover-{channel.channel_id}")

    def asks(self, channel: Channel) -> bool:
        """Whether that channel's provider is asked at all."""
        return channel.capabilities.recover_every is not None and isinstance(channel, Recovering)

    async def _watch(self, channel: Channel) -> None:
        every = channel.capabilities.recover_every or 0.0
        while True:
            try:
                await self.look(channel)
            except StoreError:
                pass  # the store tells of itself; the look is still due
            except Exception as problem:  # noqa: BLE001 told in the log; the next look may do better
                log.error("recovery.failed", channel_id=channel.channel_id, **described(problem))
            await asyncio.sleep(every / _TICKS)

    async def look(self, channel: Channel) -> int | None:
        """Take the look that is due; how many messages it found, `None` when none was due."""
        every = channel.capabilities.recover_every
        if every is None or not isinstance(channel, Recovering):
            return None
        now = self.clock()
        span = int(every * _SECOND)
        reached = await self.store.begin_recovery(channel.channel_id, now, self._lease(now), span)
        if reached is None:
            return None
        try:
            return await self._look(channel, channel, reached, span)
        except (SendError, TimeoutError) as problem:
            log.warning("recovery.postponed", channel_id=channel.channel_id, **described(problem))
            await self.store.postpone_recovery(channel.channel_id, self.clock() + span)
            return 0

    async def _look(self, channel: Channel, provider: Recovering, reached: Instant, span: Instant) -> int:
        now = self.clock()
        until = now - min(int(UNDER_WAY * _SECOND), span)
        since, found = max(min(reached, until) - OVERLAP, now - _FARTHEST), 0
        while True:
            end = min(since + _PART, until)
            new = await self._part(channel, provider, since, end)
            found += new
            now = self.clock()
            due = now + span if end >= until else self._lease(now)
            await self.store.advance_recovery(channel.channel_id, end, new, now, due)
            if end >= until:
                return found
            since = end

    async def _part(self, channel: Channel, provider: Recovering, since: Instant, until: Instant) -> int:
        async with asyncio.timeout(_LONGEST):
            requests = await provider.recent(since, until, lambda: self._turn(channel))
        new = 0
        for request in requests:
            new += await self.receiver.recover(channel, request)
        if new:
            log.warning("messages.recovered", channel_id=channel.channel_id, count=new)
        return new

    async def _turn(self, channel: Channel) -> None:
        """Wait for a slot of the channel's rate, like a message that is sent."""
        claims = channel.capabilities
        interval = int(_SECOND / claims.rate)
        pace = Pace(interval=interval, burst=(claims.burst - 1) * interval)
        while True:
            now = self.clock()
            free = await self.store.take_turn(channel.channel_id, now, pace)
            if free is None:
                return
            await asyncio.sleep(max(0.01, (free - now) / _SECOND))

    def _lease(self, now: Instant) -> Instant:
        return now + int(_LONGEST * _SECOND)
