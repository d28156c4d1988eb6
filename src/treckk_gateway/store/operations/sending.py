"""Messages to send, attempts, and what providers say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import Ended, Heard, NewEvent, Start
from treckk_gateway.store.rows import Go, Nothing, NotYet, OutboxRow, Outgoing


class OutboxStore(Protocol):
    """The outbox."""

    async def outbox(self, outbox_id: int) -> OutboxRow | None:
        """A message to send."""

    async def outgoing(self, outbox_id: int) -> Outgoing | None:
        """A message to send, with what decides whether and how."""

    async def begin_send(self, start: Start) -> Go | NotYet | Nothing:
        """Commit `sending` with its attempt, if the row may be sent now."""

    async def record(self, ended: Ended) -> bool:
        """The attempt's end; false when the row had moved on and only the fact was kept."""

    async def hold(
        self,
        outbox_id: int,
        state: str,
        reason: str | None,
        due_at: Instant | None,
        *,
        unless_open: Instant | None = None,
    ) -> None:
        """Set a queued row aside without an attempt: `held`, `cancelled`, `dead`, or `queued` for later.

        Nothing happens where the reply window reaches `unless_open` or later: its recipient wrote meanwhile.
        """

    async def recover(self, now: Instant) -> int:
        """At start: what was being sent when the process ended is uncertain. Returns how many."""

    async def uncertain(self, before: Instant) -> Sequence[OutboxRow]:
        """Uncertain rows whose attempt began before that moment."""

    async def attempt_started(self, attempt_id: str) -> Instant | None:
        """When an attempt began."""

    async def hear(self, heard: Heard) -> None:
        """File a delivery receipt."""

    async def sent_as(
        self, channel_id: str, delivery_id: str | None, provider_message_id: str | None
    ) -> OutboxRow | None:
        """The message of ours that a receipt names, by our id or the provider's."""

    async def dead(self, cursor: int | None, limit: int) -> Sequence[OutboxRow]:
        """Dead letters and uncertain sends, newest first, below the id `cursor`."""

    async def revive(self, outbox_id: int, event: NewEvent | None, now: Instant) -> bool:
        """Queue a dead letter again and note it on its case; false when it was not dead or uncertain."""

    async def lift(self, case_id: int, event: NewEvent, now: Instant) -> int:
        """Let messages leave again for addresses of a case's reporter that were set aside, and note it on the case.

        Who opted out stays so. How many addresses that were; without any nothing is noted.
        """
