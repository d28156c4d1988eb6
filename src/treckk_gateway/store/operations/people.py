"""Reporters, and the conversations with whoever writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import Erasure, NewConversation, Rules
from treckk_gateway.store.rows import Acquaintance, ConversationRow, ExpiringRow, MessageRow, ReporterRow


class PeopleStore(Protocol):
    """Who writes, and where."""

    async def reporter(self, reporter_id: int) -> ReporterRow | None:
        """A reporter by id."""

    async def known_reporter(self, identities: Sequence[bytes]) -> ReporterRow | None:
        """The reporter any of these keyed identities belongs to."""

    async def ensure_reporter(
        self, identities: Sequence[bytes], pseudonym: str, wrapped: bytes, now: Instant
    ) -> ReporterRow:
        """The reporter of these identities, made if there is none; unknown identities are added to the known one."""

    async def acquaintance(
        self, identities: Sequence[bytes], channel_id: str, address_hash: bytes, limit: int
    ) -> Acquaintance:
        """Whoever one of the identities leads to, and the conversation with that address; at most `limit` messages."""

    async def meet(
        self,
        identities: Sequence[bytes],
        pseudonym: str,
        wrapped: bytes,
        now: Instant,
        conversation: NewConversation,
    ) -> tuple[ReporterRow, ConversationRow | None]:
        """The reporter as by `ensure_reporter`; if made, with the conversation, whose address that key has sealed."""

    async def known_conversation(self, channel_id: str, address_hash: bytes) -> ConversationRow | None:
        """The conversation with an address on a channel."""

    async def ensure_conversation(
        self,
        channel_id: str,
        address_hash: bytes,
        address: bytes,
        *,
        reporter_id: int | None = None,
        staff: str | None = None,
    ) -> ConversationRow:
        """The conversation, made if there is none."""

    async def conversation(self, conversation_id: int) -> ConversationRow | None:
        """A conversation by id."""

    async def conversation_token(self, conversation_id: int, token_hash: bytes, sealed: bytes) -> bytes:
        """The sealed secret of a conversation's reply address, storing the one given if there is none yet."""

    async def conversation_of_token(self, token_hash: bytes) -> int | None:
        """The conversation that a reply address's secret belongs to."""

    async def recent_messages(self, conversation_id: int, limit: int) -> Sequence[MessageRow]:
        """The last messages of a conversation, newest first."""

    async def erase(self, wanted: Erasure) -> tuple[str, ...] | None:
        """Destroy a reporter's key and everything sealed under it, and leave the stub; the names of files to remove.

        `None` when one of the cases moved on, or they were erased already; then nothing happened.
        """

    async def expiring(self, rules: Rules, before: Instant, limit: int) -> Sequence[ExpiringRow]:
        """Reporters whose retention ends before that moment, the earliest first."""
