"""What the unit's own people are told and ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from treckk_gateway.store.rows import OutboxRow, PersonnelRow


class UnitStore(Protocol):
    """The unit's own people."""

    async def notices(self, conversation_id: int, limit: int) -> Sequence[OutboxRow]:
        """What somebody of the unit was sent in a conversation, newest first; what never left is none of it."""

    async def told_of_waiting(self, conversation_id: int) -> bool:
        """Whether they were told that something waits, and have not written since."""

    async def notice_answered(self, channel_id: str, ids: Sequence[str]) -> OutboxRow | None:
        """The message of ours that one of these provider's ids names."""

    async def next_number(self, name: str) -> int:
        """The next number of a row of numbers; one that is not used leaves a gap."""

    async def personnel_request(self, request_id: int) -> PersonnelRow | None:
        """A request for people by its number."""

    async def personnel_requests(
        self, *, post: str | None = None, waiting: bool = False, cursor: int | None = None, limit: int = 50
    ) -> Sequence[PersonnelRow]:
        """Requests for people, newest first, below the id `cursor`."""
