"""What was counted, what could not be read and what could not be told."""

from __future__ import annotations

from datetime import datetime

from treckk_gateway.server.api.shapes.elements import Asked, RowId, Shown

Counters = dict[str, int]
"""`received = filed + parked + new`, and what waits, was given up or refused."""


class RowPlace(Asked):
    """One stored row."""

    id: RowId


class ParkedItem(Shown):
    """A stored request nobody could read."""

    id: int
    channel_id: str
    received_at: datetime
    kind: str
    reason: str | None


class ParkedPage(Shown):
    """Parked requests, newest first."""

    items: list[ParkedItem]
    next_cursor: str | None


class DeadLetterItem(Shown):
    """A message given up (`dead`), or one nobody knows the fate of (`uncertain`): sending that again may double it."""

    id: int
    channel_id: str
    reference: str | None
    template: str
    state: str
    reason: str | None
    attempts: int
    created_at: datetime


class DeadLetterPage(Shown):
    """Dead letters, newest first."""

    items: list[DeadLetterItem]
    next_cursor: str | None


class Replayed(Shown):
    """False when there was nothing to do: a second call changes nothing."""

    replayed: bool
