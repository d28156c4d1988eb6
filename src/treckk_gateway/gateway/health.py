"""How the gateway and its channels do."""

from __future__ import annotations

import attrs

from treckk_gateway.inbound.spool import SpoolState
from treckk_gateway.model import Instant


@attrs.frozen(kw_only=True)
class ChannelHealth:
    """How a channel does: moments are `None` before the first, `paused` is the code of what stops sending.

    `recovered` counts messages whose webhook never came and that its provider was asked for, last at `looked_at`.
    """

    channel_id: str
    adapter: str
    last_inbound_at: Instant | None
    last_outbound_at: Instant | None
    refused: int
    paused: str | None
    recovered: int = 0
    looked_at: Instant | None = None


@attrs.frozen(kw_only=True)
class Health:
    """Whether the gateway can take messages now, what is wrong, and each channel's state.

    `storing` says whether the database takes writes; where there is a spool, messages can be taken without.
    """

    ready: bool
    problems: tuple[str, ...]
    channels: tuple[ChannelHealth, ...]
    storing: bool = True
    spool: SpoolState | None = None


def troubles(*, opened: bool, storing: bool, spool: SpoolState | None) -> list[str]:
    """What an operator reads of the gateway as a whole."""
    if not opened:
        return ["the gateway is closed"]
    said = [] if storing else ["the store cannot be written"]
    if spool is not None and (spool.holding or spool.waiting):
        said.append(f"{spool.waiting} requests wait in the spool until the database takes them")
    if spool is not None and spool.full:
        said.append("the spool is full: requests are answered 503")
    if spool is not None and spool.aside:
        said.append(f"{spool.aside} files of the spool hold something that could not be replayed")
    return said
