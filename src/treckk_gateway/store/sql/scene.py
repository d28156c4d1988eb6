"""What is read together around one message, so that a look at it is one journey to the database."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import NewConversation
from treckk_gateway.store.rows import Acquaintance, ConversationRow, Outgoing, ReporterRow
from treckk_gateway.store.sql import casefile, outbox, people
from treckk_gateway.store.sql.connection import Connection


def acquaintance(
    connection: Connection, identities: Sequence[bytes], channel_id: str, address_hash: bytes, limit: int
) -> Acquaintance:
    """What is known of whoever writes from that address."""
    reporter = people.known_reporter(connection, identities)
    conversation = people.known_conversation(connection, channel_id, address_hash)
    return Acquaintance(
        reporter=reporter,
        conversation=conversation,
        recent=people.recent_messages(connection, conversation.id, limit) if conversation is not None else (),
        open_cases=casefile.open_cases(connection, reporter.id) if reporter is not None else (),
    )


def meet(
    connection: Connection,
    identities: Sequence[bytes],
    pseudonym: str,
    wrapped: bytes,
    now: Instant,
    new: NewConversation,
) -> tuple[ReporterRow, ConversationRow | None]:
    """Find or make the reporter; with one just made also the conversation, whose address that reporter's key sealed."""
    reporter = people.ensure_reporter(connection, identities, pseudonym, wrapped, now)
    if reporter.wrapped != wrapped:
        return reporter, None
    conversation = people.ensure_conversation(
        connection, new.channel_id, new.address_hash, new.address, reporter.id, None
    )
    return reporter, conversation


_CONVERSATION = outbox.COLUMNS.count(",") + 1
_CASE = _CONVERSATION + people.COLUMNS.count(",") + 1
_REASON = _CASE + casefile.COLUMNS.count(",") + 1
_OUTGOING = (
    f"SELECT {outbox.COLUMNS}, {people.COLUMNS}, {casefile.COLUMNS}, suppression.reason FROM outbox"  # noqa: S608 constant
    " JOIN conversation ON conversation.id = outbox.conversation_id LEFT JOIN cases ON cases.id = outbox.case_id"
    " LEFT JOIN suppression ON suppression.channel_id = conversation.channel_id"
    " AND suppression.address_hash = conversation.address_hash WHERE outbox.id = ?"
)


def outgoing(connection: Connection, outbox_id: int) -> Outgoing | None:
    """A message to send, with what decides whether and how."""
    found = connection.execute(_OUTGOING, (outbox_id,)).fetchone()
    if found is None:
        return None
    return Outgoing(
        row=outbox.row_of(found[:_CONVERSATION]),
        conversation=people.row_of(found[_CONVERSATION:_CASE]),
        case=casefile.row_of(found[_CASE:_REASON]) if found[_CASE] is not None else None,
        suppressed=found[_REASON],
    )
