"""Asking providers for messages whose webhook never came: how far, whose turn it is, and what was found."""

from __future__ import annotations

from collections.abc import Sequence

from treckk_gateway.model import Instant
from treckk_gateway.store.orders import Pace
from treckk_gateway.store.rows import RecoveryRow
from treckk_gateway.store.sql import outbox
from treckk_gateway.store.sql.connection import Connection

_CLAIM = """
UPDATE recovery SET due = :until WHERE channel_id = :channel AND (due <= :now OR due > :farthest) RETURNING reached
"""


def begin(connection: Connection, channel_id: str, now: Instant, until: Instant, every: Instant) -> Instant | None:
    """Take the look that is due, for others not to take it before `until`; from when on. `None` when none is due.

    A channel that was never looked at is looked at `every` from now for the first time. No look is due later than
    that, or than the longest look takes, unless the clock was set back.
    """
    connection.execute(
        "INSERT INTO recovery (channel_id, reached, due) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (channel_id, now, now + every),
    )
    farthest = max(until, now + every)
    wanted = {"channel": channel_id, "now": now, "until": until, "farthest": farthest}
    found = connection.execute(_CLAIM, wanted).fetchone()
    return found[0] if found else None


def advance(connection: Connection, channel_id: str, reached: Instant, found: int, now: Instant, due: Instant) -> None:
    """Everything until `reached` was taken in, `found` of it new; the next look, or part of one, is at `due`."""
    connection.execute(
        "UPDATE recovery SET reached = CASE WHEN reached > ? THEN reached ELSE ? END, found = found + ?,"
        " looked_at = ?, due = ? WHERE channel_id = ?",
        (reached, reached, found, now, due, channel_id),
    )


def postpone(connection: Connection, channel_id: str, due: Instant) -> None:
    """The provider could not say: look again at `due`, from the same moment on."""
    connection.execute("UPDATE recovery SET due = ? WHERE channel_id = ?", (due, channel_id))


def take_turn(connection: Connection, channel_id: str, now: Instant, pace: Pace) -> Instant | None:
    """Take a slot of the channel's rate; otherwise when one will be free."""
    return outbox.slot(connection, channel_id, now, pace)


def recoveries(connection: Connection) -> Sequence[RecoveryRow]:
    """How far each channel got."""
    query = "SELECT channel_id, reached, found, looked_at FROM recovery ORDER BY channel_id"
    return [
        RecoveryRow(channel_id=row[0], reached=row[1], found=row[2], looked_at=row[3])
        for row in connection.execute(query)
    ]
