"""Stored requests into items again; what may be hostile is parsed in a process with bounds on time and memory."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

import structlog

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.channel import Channel, Inbound, ParseMode
from treckk_gateway.errors import PayloadError
from treckk_gateway.inbound.arrival import unpack
from treckk_gateway.inbound.confined import MEMORY, Confined
from treckk_gateway.inbound.intake_keys import IntakeKeys
from treckk_gateway.inbound.receiving import LARGE
from treckk_gateway.store.rows import InboxRow

_KEPT = 4

log = structlog.get_logger(__name__)


class Parser:
    """Opens a stored request and has its channel parse it. Parsing is pure, so doing it again is safe."""

    def __init__(self, keys: IntakeKeys, *, seconds: float = 10.0, memory: int = MEMORY) -> None:
        self._keys = keys
        self._seconds = seconds
        self._confined = Confined(seconds=seconds, memory=memory)
        self._recent: OrderedDict[bytes, Sequence[Inbound]] = OrderedDict()

    async def items(self, row: InboxRow, channel: Channel) -> Sequence[Inbound]:
        """All items of the request the row belongs to.

        Raises `PayloadError` when it cannot be parsed, or not within the bounds.
        """
        if row.raw is None:
            raise PayloadError("the raw request is gone")
        known = self._recent.get(row.raw)
        if known is not None:
            return known
        box = await self._keys.box(row.key_day)
        stored = (
            box.open(Purpose.RAW, row.raw)
            if len(row.raw) <= LARGE
            else await asyncio.to_thread(box.open, Purpose.RAW, row.raw)
        )
        if channel.capabilities.parse is ParseMode.DEFERRED:
            return await self._apart(channel, stored)
        parsed = channel.parse(unpack(stored))
        if len(parsed) > 1:
            self._recent[row.raw] = parsed
            while len(self._recent) > _KEPT:
                self._recent.popitem(last=False)
        return parsed

    async def close(self) -> None:
        """End the worker process."""
        await self._confined.close()

    async def _apart(self, channel: Channel, stored: bytes) -> Sequence[Inbound]:
        try:
            return await self._confined.run(_parse, channel, stored)
        except TimeoutError as problem:
            raise PayloadError(f"could not be read within {self._seconds:g} s") from problem
        except MemoryError as problem:
            raise PayloadError("could not be read within the bounds of memory") from problem
        # A process may die of the mail or of the machine: worth another try, and parked when that fails as well.


def _parse(channel: Channel, stored: bytes) -> Sequence[Inbound]:
    """In the worker: the request travels as it is stored, since its headers cannot be pickled."""
    return channel.parse(unpack(stored))
