"""What became of a message we sent: a lattice, not the last word heard."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class DeliveryState(StrEnum):
    """A provider's word in our vocabulary. `UNKNOWN` is a word we do not know; it moves nothing."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"


_RANK = {
    DeliveryState.UNKNOWN: 0,
    DeliveryState.PENDING: 0,
    DeliveryState.ACCEPTED: 1,
    DeliveryState.SENDING: 2,
    DeliveryState.SENT: 3,
    DeliveryState.FAILED: 4,
    DeliveryState.DELIVERED: 5,
    DeliveryState.READ: 6,
}


REACHED = frozenset({DeliveryState.DELIVERED, DeliveryState.READ})
"""Words that say its reader has it."""


def shown(facts: Iterable[DeliveryState]) -> DeliveryState:
    """The state to show for all facts heard of one message, in whatever order and however often they came.

    `read` > `delivered` > `failed` > `sent` > `sending` > `accepted` > `pending`: a failure holds until a
    success at the recipient is heard, and a late `sent` never hides it.
    """
    best = max(facts, key=_RANK.__getitem__, default=DeliveryState.PENDING)
    return DeliveryState.PENDING if best is DeliveryState.UNKNOWN else best
