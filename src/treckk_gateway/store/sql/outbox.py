"""Order, the right to send, and what became of it.

Source: storage-and-engine reference, 4.1 (begin_send) and 4.2 (the window between sending and recording).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from treckk_gateway.model import DeliveryState, Instant
from treckk_gateway.model.delivery import REACHED, shown
from treckk_gateway.store.orders import Ended, Heard, NewEvent, Pace, Start
from treckk_gateway.store.rows import WINDOW_CLOSED, AttemptRow, Go, Nothing, NotYet, OutboxRow, Topic
from treckk_gateway.store.sql import history, inbox, window
from treckk_gateway.store.sql.connection import Connection

COLUMNS = (
    "outbox.id, outbox.delivery_id, outbox.send_key, outbox.case_id, outbox.event_seq, outbox.conversation_id,"
    " outbox.channel_id, outbox.template, outbox.sealed_values, outbox.sealed_text, outbox.urgent, outbox.reply,"
    " outbox.state, outbox.due, outbox.attempts, outbox.attempt_id, outbox.expires_at, outbox.reason,"
    " outbox.created_at, outbox.heard"
)
_STATES = {one.value: one for one in DeliveryState}


def row_of(found: tuple[object, ...]) -> OutboxRow:
    """An outbox row from the columns `COLUMNS`."""
    (row_id, delivery_id, send_key, case_id, event_seq, conversation_id, channel_id, template, *rest) = found
    values, text, urgent, reply, state, due, attempts, attempt_id, expires_at, reason, created_at, heard = rest
    return OutboxRow(
        id=row_id,  # type: ignore[arg-type]
        delivery_id=delivery_id,  # type: ignore[arg-type]
        send_key=send_key,  # type: ignore[arg-type]
        case_id=case_id,  # type: ignore[arg-type]
        event_seq=event_seq,  # type: ignore[arg-type]
        conversation_id=conversation_id,  # type: ignore[arg-type]
        channel_id=channel_id,  # type: ignore[arg-type]
        template=template,  # type: ignore[arg-type]
        values=values,  # type: ignore[arg-type]
        text=text,  # type: ignore[arg-type]
        urgent=bool(urgent),
        reply=bool(reply),
        state=state,  # type: ignore[arg-type]
        due=due,  # type: ignore[arg-type]
        attempts=attempts,  # type: ignore[arg-type]
        attempt_id=attempt_id,  # type: ignore[arg-type]
        expires_at=expires_at,  # type: ignore[arg-type]
        reason=reason,  # type: ignore[arg-type]
        created_at=created_at,  # type: ignore[arg-type]
        heard=_STATES[str(heard)],
    )


def outbox(connection: Connection, outbox_id: int) -> OutboxRow | None:
    """A message to send, or sent."""
    found = connection.execute(f"SELECT {COLUMNS} FROM outbox WHERE id = ?", (outbox_id,)).fetchone()  # noqa: S608 constant text
    return row_of(found) if found else None


def of_case(connection: Connection, case_id: int) -> Iterator[OutboxRow]:
    """Everything sent or to be sent about a case."""
    return map(row_of, connection.execute(f"SELECT {COLUMNS} FROM outbox WHERE case_id = ? ORDER BY id", (case_id,)))  # noqa: S608


def attempts_of_case(connection: Connection, case_id: int) -> Iterator[AttemptRow]:
    """All tries at telling about a case."""
    query = (
        "SELECT attempt.id, outbox_id, started_at, ended_at, outcome, code, provider_message_id FROM attempt"
        " JOIN outbox ON outbox.id = outbox_id WHERE case_id = ? ORDER BY started_at"
    )
    for row in connection.execute(query, (case_id,)):
        yield AttemptRow(
            attempt_id=row[0],
            outbox_id=row[1],
            started_at=row[2],
            ended_at=row[3],
            outcome=row[4],
            code=row[5],
            provider_message_id=row[6],
        )


# States said once more as the partial indexes say them: SQLite takes one only where its condition stands there.
_STANDING = """
SELECT state, due, conversation_id, channel_id, EXISTS (SELECT 1 FROM outbox other
 WHERE other.conversation_id = own.conversation_id AND other.id <> own.id
 AND other.state IN ('queued', 'sending', 'uncertain') AND
 ((own.urgent AND (other.state = 'sending'
   OR (other.state IN ('queued', 'uncertain') AND other.urgent AND other.id < own.id)))
  OR (NOT own.urgent AND other.id < own.id)
  OR (NOT own.urgent AND (other.state = 'sending' OR (other.state = 'queued' AND other.urgent AND other.due <= ?)))))
FROM outbox own WHERE own.id = ?
"""
"""A row with whether another of its conversation goes first."""

_TAKE_SLOT = """
INSERT INTO rate (channel_id, tat) VALUES (:channel, :now + :interval) ON CONFLICT (channel_id)
 DO UPDATE SET tat = CASE WHEN rate.tat > :now THEN rate.tat ELSE :now END + :interval WHERE rate.tat <= :now + :burst
 RETURNING tat
"""

_LONGEST = 100
"""Parts no message of ours is sent in."""


def begin_send(connection: Connection, start: Start) -> Go | NotYet | Nothing:
    """Take the right to send one row now, or say when to look again."""
    connection.lock(outbox_id=start.outbox_id)
    found = connection.execute(_STANDING, (start.now, start.outbox_id)).fetchone()
    if found is None or found[0] != "queued":
        return Nothing()
    _state, due, conversation_id, channel_id, blocked = found
    if due > start.now:
        return NotYet(due)
    if blocked:
        return NotYet(None)
    free = slot(connection, channel_id, start.now, start.pace)
    if free is not None:
        connection.execute("UPDATE outbox SET due = ? WHERE id = ?", (free, start.outbox_id))
        connection.wake(Topic.OUTBOX, conversation_id, free)
        return NotYet(free)
    connection.execute(
        "UPDATE outbox SET state = 'sending', reason = NULL, attempt_id = ?, sealed_text = ?, attempts = attempts + 1,"
        " sending_until = ? WHERE id = ?",
        (start.attempt_id, start.text, start.until, start.outbox_id),
    )
    connection.execute(
        "INSERT INTO attempt (id, outbox_id, channel_id, started_at) VALUES (?, ?, ?, ?)",
        (start.attempt_id, start.outbox_id, channel_id, start.now),
    )
    return Go()


def slot(connection: Connection, channel_id: str, now: Instant, pace: Pace) -> Instant | None:
    """Take a slot of the channel's rate (GCRA); otherwise when one will be free."""
    taken = connection.execute(
        _TAKE_SLOT, {"channel": channel_id, "now": now, "interval": pace.interval * pace.parts, "burst": pace.burst}
    ).fetchone()
    if taken:
        return None
    tat: int = connection.execute("SELECT tat FROM rate WHERE channel_id = ?", (channel_id,)).fetchone()[0]
    if tat - now > pace.burst + _LONGEST * pace.interval:  # no message takes so many slots: the clock was set back
        fresh = now + pace.interval * pace.parts
        connection.execute("UPDATE rate SET tat = ? WHERE channel_id = ?", (fresh, channel_id))
        return None
    return tat - pace.burst


def record(connection: Connection, ended: Ended) -> bool:
    """The attempt's end. A late result, after the row moved on, is kept as a fact and moves nothing."""
    connection.lock(outbox_id=ended.outbox_id)
    # A provider that repeats an id of its own must not make us lose the fact that this attempt ended.
    connection.execute(
        "UPDATE attempt SET ended_at = ?, outcome = ?, code = ?, provider_message_id = CASE WHEN EXISTS"
        " (SELECT 1 FROM attempt o"
        " WHERE o.channel_id = attempt.channel_id AND o.provider_message_id = ? AND o.id <> attempt.id)"
        " THEN NULL ELSE ? END WHERE id = ?",
        (ended.now, ended.outcome, ended.code, ended.provider_message_id, ended.provider_message_id, ended.attempt_id),
    )
    row = outbox(connection, ended.outbox_id)
    if row is None or row.state not in {"sending", "uncertain"} or row.attempt_id != ended.attempt_id:
        return False
    # A receipt may tell of the closed window before the provider's own answer is on record.
    told = ended.state in {"sent", "uncertain"} and row.reason == WINDOW_CLOSED and row.heard is DeliveryState.FAILED
    if ended.window_closed or told:
        state = window.found_closed(connection, row, ended.now)
        window.put_back(connection, row, state, ended.now)
        return True
    connection.execute(
        "UPDATE outbox SET state = :state, reason = :reason, due = coalesce(:due, due), attempts ="
        " coalesce(:attempts, attempts), heard = :heard WHERE id = :id",
        {
            "state": ended.state,
            "reason": ended.reason,
            "due": ended.due,
            "attempts": ended.attempts,
            "heard": row.heard if ended.heard is None else shown((row.heard, ended.heard)),
            "id": row.id,
        },
    )
    _wake(connection, row.conversation_id, ended.state, ended.due)
    if ended.suppress is not None:
        _silence(connection, row.conversation_id, ended.suppress, ended.now, opted_out=ended.opted_out)
    return True


def _wake(connection: Connection, conversation_id: int, state: str, due: Instant | None) -> None:
    """A row waits until it is due, or no longer stands before those behind it."""
    if state == "queued":
        connection.wake(Topic.OUTBOX, conversation_id, due or 0)
    else:
        connection.wake(Topic.OUTBOX, conversation_id, 0, perhaps=True)


def hear(connection: Connection, heard: Heard) -> None:
    """File a receipt: every fact is kept, and the shown state only moves forward."""
    if heard.inbox_id is not None and not inbox.mark_filed(connection, heard.inbox_id):
        return
    row = sent_as(connection, heard.channel_id, heard.delivery_id, heard.provider_message_id)
    connection.execute(
        "INSERT INTO receipt (channel_id, provider_message_id, outbox_id, state, raw_status, code, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (
            heard.channel_id,
            heard.provider_message_id or f"delivery:{heard.delivery_id}",
            row.id if row is not None else None,
            heard.state,
            heard.raw_status,
            heard.code,
            heard.now,
        ),
    )
    if row is None:
        return
    if connection.lock(conversations=[row.conversation_id]):
        row = outbox(connection, row.id)
        assert row is not None  # noqa: S101 found above, and never deleted
    if heard.suppress is not None:
        _silence(connection, row.conversation_id, heard.suppress, heard.now, opted_out=heard.opted_out)
    if not window.speaks_of_now(connection, row, heard):
        return
    if heard.provider_message_id:
        connection.execute(
            "UPDATE attempt SET provider_message_id = :provider WHERE id = :attempt AND provider_message_id IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM attempt o"
            " WHERE o.channel_id = attempt.channel_id AND o.provider_message_id = :provider)",
            {"provider": heard.provider_message_id, "attempt": row.attempt_id},
        )
    if heard.window_closed and row.heard not in REACHED:
        if row.state in {"sent", "uncertain"}:
            window.put_back(connection, row, window.found_closed(connection, row, heard.now), heard.now)
            return
        connection.execute("UPDATE outbox SET reason = ? WHERE id = ?", (WINDOW_CLOSED, row.id))
    _show(connection, row, heard.state)
    if heard.state is not DeliveryState.UNKNOWN:
        _settle(connection, row, heard.state)


def _settle(connection: Connection, row: OutboxRow, state: DeliveryState) -> None:
    """A message somebody has heard of was sent; one that reached its reader need not leave once more."""
    if row.state == "uncertain" or (state in REACHED and window.was_put_back(row)):
        connection.execute("UPDATE outbox SET state = 'sent', reason = NULL WHERE id = ?", (row.id,))
        connection.wake(Topic.OUTBOX, row.conversation_id, 0, perhaps=True)


def sent_as(
    connection: Connection, channel_id: str, delivery_id: str | None, provider_message_id: str | None
) -> OutboxRow | None:
    """The message that a receipt names."""
    found = None
    if delivery_id is not None:
        query = f"SELECT {COLUMNS} FROM outbox WHERE delivery_id = ? AND channel_id = ?"  # noqa: S608 constant text
        found = connection.execute(query, (delivery_id, channel_id)).fetchone()
    if found is None and provider_message_id is not None:
        query = (
            f"SELECT {COLUMNS} FROM attempt JOIN outbox ON outbox.id = outbox_id"  # noqa: S608 constant text
            " WHERE attempt.channel_id = ? AND provider_message_id = ?"
        )
        found = connection.execute(query, (channel_id, provider_message_id)).fetchone()
    return row_of(found) if found else None


def _show(connection: Connection, row: OutboxRow, state: DeliveryState) -> None:
    best = shown((row.heard, state))
    if best is not row.heard:
        connection.execute("UPDATE outbox SET heard = ? WHERE id = ?", (best, row.id))


def _silence(connection: Connection, conversation_id: int, reason: str, now: Instant, *, opted_out: bool) -> None:
    connection.execute(
        "INSERT INTO suppression (channel_id, address_hash, reason, at)"
        " SELECT channel_id, address_hash, ?, ? FROM conversation WHERE id = ?"
        " ON CONFLICT (channel_id, address_hash) DO UPDATE SET reason = excluded.reason, at = excluded.at",
        (reason, now, conversation_id),
    )
    if opted_out:
        connection.execute(
            "UPDATE conversation SET opted_out_at = ? WHERE id = ? AND opted_out_at IS NULL", (now, conversation_id)
        )


def hold(
    connection: Connection,
    outbox_id: int,
    state: str,
    reason: str | None,
    due: Instant | None,
    unless_open: Instant | None = None,
) -> None:
    """Set a queued row aside without an attempt."""
    connection.lock(outbox_id=outbox_id)
    if unless_open is not None and window.reaches(connection, outbox_id, unless_open):
        return
    moved = connection.execute(
        "UPDATE outbox SET state = ?, reason = ?, due = coalesce(?, due) WHERE id = ? AND state IN ('queued', 'held')"
        " RETURNING conversation_id, due",
        (state, reason, due, outbox_id),
    ).fetchone()
    if moved is not None:
        _wake(connection, moved[0], state, moved[1])
        if state == "held" and due is not None:
            connection.wake(Topic.OUTBOX, moved[0], due)


def recover(connection: Connection, before: Instant) -> int:
    """What should have ended before that moment and did not has an uncertain fate."""
    changed = connection.execute(
        "UPDATE outbox SET state = 'uncertain', reason = 'interrupted' WHERE state = 'sending' AND sending_until < ?",
        (before,),
    )
    return changed.rowcount


def uncertain(connection: Connection, before: Instant) -> Sequence[OutboxRow]:
    """Uncertain rows whose attempt began before that moment."""
    query = (
        f"SELECT {COLUMNS} FROM outbox JOIN attempt ON attempt.id = outbox.attempt_id"  # noqa: S608 constant text
        " WHERE outbox.state IN ('uncertain', 'dead') AND outbox.state = 'uncertain' AND started_at < ?"
        " ORDER BY outbox.id LIMIT 100"
    )
    return [row_of(row) for row in connection.execute(query, (before,))]


def attempt_started(connection: Connection, attempt_id: str) -> Instant | None:
    """When an attempt began."""
    found = connection.execute("SELECT started_at FROM attempt WHERE id = ?", (attempt_id,)).fetchone()
    return found[0] if found else None


def dead(connection: Connection, cursor: int | None, limit: int) -> Sequence[OutboxRow]:
    """What was given up or is uncertain, newest first."""
    query = f"SELECT {COLUMNS} FROM outbox WHERE state IN ('uncertain', 'dead') AND id < ? ORDER BY id DESC LIMIT ?"  # noqa: S608
    return [row_of(row) for row in connection.execute(query, (cursor or 1 << 62, limit))]


def revive(connection: Connection, outbox_id: int, event: NewEvent | None, now: Instant) -> bool:
    """Queue a dead letter again and note it on its case; false when it was neither dead nor uncertain."""
    connection.lock(outbox_id=outbox_id)
    found = connection.execute(
        "UPDATE outbox SET state = 'queued', due = ?, attempts = 0, reason = NULL, expires_at = NULL WHERE id = ?"
        " AND state IN ('dead', 'uncertain') RETURNING case_id, conversation_id",
        (now, outbox_id),
    ).fetchone()
    if found is None:
        return False
    connection.wake(Topic.OUTBOX, found[1], now)
    connection.execute(
        "DELETE FROM suppression WHERE reason <> 'opted_out' AND (channel_id, address_hash) ="
        " (SELECT channel_id, address_hash FROM conversation WHERE id = ?)",
        (found[1],),
    )
    if found[0] is not None and event is not None:
        connection.lock(case_id=found[0])
        history.append(connection, found[0], event, now)
    return True


def lift(connection: Connection, case_id: int, event: NewEvent, now: Instant) -> int:
    """Forget that addresses of a case's reporter were set aside, but for opting out; how many they were."""
    connection.lock(case_id=case_id)
    lifted = connection.execute(
        "DELETE FROM suppression WHERE reason <> 'opted_out' AND (channel_id, address_hash) IN"
        " (SELECT channel_id, address_hash FROM conversation WHERE reporter_id ="
        " (SELECT reporter_id FROM cases WHERE id = ?))",
        (case_id,),
    ).rowcount
    if lifted:
        history.append(connection, case_id, event, now)
    return lifted
