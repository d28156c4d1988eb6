"""How the gateway and its channels do, asked of what they are made of."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import attrs

from treckk_gateway.channel import Channel
from treckk_gateway.channel.broken import CODE, BrokenChannel
from treckk_gateway.errors import StoreError
from treckk_gateway.gateway.health import ChannelHealth, Health, troubles
from treckk_gateway.gateway.parts import Parts
from treckk_gateway.store.rows import RecoveryRow


@attrs.frozen
class Checkup:
    """Looks at memory, and at the database, for at most `patience` seconds, for what providers were asked for."""

    parts: Parts
    channels: Collection[Channel]
    patience: float

    async def health(self, *, opened: bool) -> Health:
        """Whether messages can be taken, and how the channels do."""
        storing = opened and self.parts.store.alive
        spool = None if self.parts.receiver.spool is None else self.parts.receiver.spool.state
        recoveries = await self._recoveries() if storing else {}
        channels = tuple(self._channel(one, recoveries.get(one.channel_id)) for one in self.channels)
        problems = troubles(opened=opened, storing=storing, spool=spool)
        problems += [trouble for one in channels if (trouble := one.trouble) is not None]
        kept = storing if spool is None else not spool.full
        return Health(ready=opened and kept, problems=tuple(problems), channels=channels, storing=storing, spool=spool)

    async def _recoveries(self) -> dict[str, RecoveryRow]:
        if not any(one.capabilities.recover_every for one in self.channels):
            return {}
        try:
            async with asyncio.timeout(self.patience):
                return {one.channel_id: one for one in await self.parts.store.recoveries()}
        except (StoreError, TimeoutError):
            return {}

    def _channel(self, channel: Channel, recovery: RecoveryRow | None) -> ChannelHealth:
        traffic, breakers = self.parts.receiver.traffic, self.parts.sender.breakers
        failures, until = breakers.troubled(channel.channel_id)
        return ChannelHealth(
            channel_id=channel.channel_id,
            adapter=channel.kind,
            last_inbound_at=traffic.last_inbound.get(channel.channel_id),
            last_outbound_at=breakers.last_success.get(channel.channel_id),
            refused=traffic.refused[channel.channel_id],
            paused=CODE if isinstance(channel, BrokenChannel) else breakers.paused(channel.channel_id),
            failures=failures,
            paused_until=until,
            shut=self.parts.receiver.shut.get(channel.channel_id),
            recovered=recovery.found if recovery is not None else 0,
            looked_at=recovery.looked_at if recovery is not None else None,
        )
