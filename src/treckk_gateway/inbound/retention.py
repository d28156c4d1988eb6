"""The end of what nobody could read: raw requests last as long as their day's key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import attrs
import structlog

from treckk_gateway.casework.ids import Clock
from treckk_gateway.errors import described
from treckk_gateway.inbound.intake_keys import day_of
from treckk_gateway.store.operations.receiving import InboxStore

_PAUSE = 3600.0

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class Retention:
    """Ends intake keys older than `parked_days`, at start and every hour; what still waits to be filed is spared.

    `expire` erases the reporters whose time has come.
    """

    store: InboxStore
    clock: Clock
    parked_days: int
    expire: Callable[[], Awaitable[int]] | None = None

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.end()
                if self.expire is not None:
                    await self.expire()
            except Exception as problem:  # noqa: BLE001 told in the log; the next round tries again
                log.error("retention.failed", **described(problem))
            await asyncio.sleep(_PAUSE)

    async def end(self) -> int:
        """One round; how many parked requests can no longer be read."""
        ended = await self.store.end_intake_keys(day_of(self.clock()) - self.parked_days)
        if ended:
            log.info("retention.ended", count=ended)
        return ended
