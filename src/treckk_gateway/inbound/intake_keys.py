"""Keys of requests as they came, one for each day: they belong to no reporter yet."""

from __future__ import annotations

import asyncio

from treckk_gateway.model import Instant
from treckk_gateway.privacy import Box, Keyring
from treckk_gateway.store.operations.receiving import InboxStore

_DAY = 86_400_000_000


def day_of(now: Instant) -> int:
    """The day a moment belongs to, in UTC: days since the epoch."""
    return now // _DAY


class IntakeKeys:
    """One key per day for what no reporter is known for yet; destroying a day's key ends its raw requests."""

    def __init__(self, store: InboxStore, keyring: Keyring) -> None:
        self._store = store
        self._keyring = keyring
        self._boxes: dict[str, Box] = {}
        self._making = asyncio.Lock()

    def known(self, day: str) -> Box | None:
        """The day's box, if it was asked for before."""
        return self._boxes.get(day)

    async def box(self, day: str) -> Box:
        """The day's box, its key made if there is none."""
        known = self._boxes.get(day)
        if known is None:
            async with self._making:
                known = self._keyring.box(await self._store.intake_key(day, self._keyring.new_key()))
                self._boxes[day] = known
        return known
