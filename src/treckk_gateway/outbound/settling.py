"""What became of sends nobody knows the end of: looked up where the provider can be asked, shown where not.

Source: storage-and-engine reference, 4.2.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import attrs
import structlog

from treckk_gateway.channel import LookingUp
from treckk_gateway.errors import SendError, described
from treckk_gateway.model import Instant, SendResult
from treckk_gateway.outbound.sending import Sender
from treckk_gateway.store.orders import Ended
from treckk_gateway.store.rows import OutboxRow

_SECOND = 1_000_000
_REQUEUED = "not_found"
_MOST_TRIES = 3
_EVER = 1 << 62
"""An attempt may seem to lie ahead, where the clock was set back."""

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class Settler:
    """Looks at uncertain rows every `interval` seconds.

    A channel that takes repeats safely is simply sent to again. One that can be asked is asked `patience` seconds
    after the attempt: found means sent, not found is tried once more. Elsewhere, and when that does not help, the row
    becomes a dead letter after `policy` seconds, so that those behind it may go.
    """

    sender: Sender
    interval: float = 10.0
    patience: float = 60.0
    policy: float = 600.0
    _seen: dict[int, float] = attrs.field(factory=dict, init=False)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.settle()
            except Exception as problem:  # noqa: BLE001 told in the log, and dealt with below
                log.error("settling.failed", **described(problem))
            await asyncio.sleep(self.interval)

    async def settle(self) -> int:
        """One round; how many rows are no longer uncertain."""
        now = self.sender.casework.clock()
        rows = await self.sender.casework.store.uncertain(_EVER)
        self._forget(rows)
        settled = 0
        for row in rows:
            settled += await self._settle(row, now)
        if settled:
            self.sender.casework.hint()
        return settled

    async def _settle(self, row: OutboxRow, now: Instant) -> bool:
        channel = self.sender.channels.get(row.channel_id)
        started = await self.sender.casework.store.attempt_started(row.attempt_id or "")
        if started is None:
            return False
        if channel is not None and channel.capabilities.idempotent_send:
            return await self._end(row, "queued", "repeated", now)
        waited = self._waited(row, started, now)
        if channel is not None and channel.capabilities.lookup and waited >= self.patience:
            known = await self._asked(row, started)
            if known is not None:
                return known
        if waited < self.policy:
            return False
        return await self._end(row, "dead", "uncertain", now)

    def _waited(self, row: OutboxRow, started: Instant, now: Instant) -> float:
        """Seconds since the attempt, or since the row was first seen where the clock was set back meanwhile."""
        first = self._seen.setdefault(row.id, time.monotonic())
        return max((now - started) / _SECOND, time.monotonic() - first)

    def _forget(self, rows: Iterable[OutboxRow]) -> None:
        for gone in self._seen.keys() - {one.id for one in rows}:
            del self._seen[gone]

    async def _asked(self, row: OutboxRow, started: Instant) -> bool | None:
        """True once settled by the provider's word, `None` when it could not say."""
        found = await self.sender.message(row)
        if found is None or not isinstance(found[0], LookingUp):
            return None
        channel: LookingUp = found[0]
        message = found[1]
        try:
            async with asyncio.timeout(self.sender.timeout):
                result = await channel.lookup(attrs.evolve(message, attempt_id=row.attempt_id or ""), started)
        except (SendError, TimeoutError):
            return None
        if result is not None and not await self._known_elsewhere(row, result):
            return await self.sender.casework.store.record(self.sender.sent(row.id, row.attempt_id or "", result))
        if row.attempts >= _MOST_TRIES:
            return None
        return await self._end(row, "queued", _REQUEUED, self.sender.casework.clock())

    async def _known_elsewhere(self, row: OutboxRow, result: SendResult) -> bool:
        """Whether what was found is another message of ours, or an earlier try: two may say the same to one person."""
        if result.provider_message_id is None:
            return False
        known = await self.sender.casework.store.notice_answered(row.channel_id, [result.provider_message_id])
        return known is not None

    async def _end(self, row: OutboxRow, state: str, reason: str, now: Instant) -> bool:
        return await self.sender.casework.store.record(
            Ended(
                outbox_id=row.id,
                attempt_id=row.attempt_id or "",
                now=now,
                state=state,
                outcome="uncertain",
                code=reason,
                reason=reason,
                due=now,
            )
        )
