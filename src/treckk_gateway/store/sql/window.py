"""The reply window as the provider knows it: a message refused for it goes back into the queue, or waits.

Whoever calls holds the conversation's lock.
"""

from __future__ import annotations

from treckk_gateway.model import Instant
from treckk_gateway.model.delivery import REACHED
from treckk_gateway.store.orders import Heard
from treckk_gateway.store.rows import WINDOW_CLOSED, OutboxRow, Topic
from treckk_gateway.store.sql.connection import Connection


def found_closed(connection: Connection, row: OutboxRow, now: Instant) -> str:
    """Note that the window was closed when the row's attempt began; the state the row takes.

    `queued` where we had taken the window for open, or its recipient wrote since: it leaves otherwise. `held` where we
    knew it closed: then nothing but a word of the recipient helps.
    """
    found = connection.execute("SELECT started_at FROM attempt WHERE id = ?", (row.attempt_id,)).fetchone()
    started: Instant = found[0] if found else now
    until, wrote = connection.execute(
        "SELECT coalesce(window_until, 0), coalesce(last_inbound_at, 0) FROM conversation WHERE id = ?",
        (row.conversation_id,),
    ).fetchone()
    if wrote > started:
        return "queued"
    connection.execute(
        "UPDATE conversation SET window_until = ? WHERE id = ? AND window_until > ?",
        (started, row.conversation_id, started),
    )
    return "queued" if until > started else "held"


def put_back(connection: Connection, row: OutboxRow, state: str, now: Instant) -> None:
    """What was refused for the window is as if it had not been sent."""
    connection.execute(
        "UPDATE outbox SET state = ?, reason = ?, heard = 'pending', due = ? WHERE id = ?",
        (state, WINDOW_CLOSED, now, row.id),
    )
    connection.wake(Topic.OUTBOX, row.conversation_id, now)


def was_put_back(row: OutboxRow) -> bool:
    """Whether the row waits to leave otherwise, its last attempt being over."""
    return row.reason == WINDOW_CLOSED and row.state in {"queued", "held"}


def speaks_of_now(connection: Connection, row: OutboxRow, heard: Heard) -> bool:
    """Whether a word may move the row: not one about an attempt that is over, unless that reached its reader."""
    if heard.state in REACHED:
        return True
    if was_put_back(row):
        return False
    if heard.provider_message_id is None:
        return True
    older = connection.execute(
        "SELECT 1 FROM attempt WHERE channel_id = ? AND provider_message_id = ? AND outbox_id = ? AND id <> ?",
        (heard.channel_id, heard.provider_message_id, row.id, row.attempt_id or ""),
    ).fetchone()
    return older is None


def reaches(connection: Connection, outbox_id: int, moment: Instant) -> bool:
    """Whether the window of a message's conversation is open until that moment."""
    found = connection.execute(
        "SELECT 1 FROM conversation WHERE id = (SELECT conversation_id FROM outbox WHERE id = ?) AND window_until >= ?",
        (outbox_id, moment),
    ).fetchone()
    return found is not None


def told_of_waiting(connection: Connection, conversation_id: int) -> bool:
    """Whether the word that something waits was sent since its reader last wrote."""
    found = connection.execute(
        "SELECT 1 FROM outbox JOIN conversation ON conversation.id = conversation_id WHERE conversation_id = ?"
        " AND template IN ('answer_waiting', 'notice_waiting') AND outbox.state IN ('sending', 'sent', 'uncertain')"
        " AND created_at > coalesce(last_inbound_at, 0) LIMIT 1",
        (conversation_id,),
    ).fetchone()
    return found is not None
