"""How the gateway and its channels do."""

from __future__ import annotations

import attrs

from treckk_gateway.inbound.spool import SpoolState
from treckk_gateway.model import Instant


@attrs.frozen(kw_only=True)
class ChannelHealth:
    """How a channel does: moments are `None` before the first, `paused` is the code of what stops sending.

    `failures` is how many sends failed in a row, `paused_until` when the next is tried; `shut` says what keeps a
    channel from being opened: then its webhooks are answered 503.
    `recovered` counts messages whose webhook never came and that its provider was asked for, last at `looked_at`.
    """

    channel_id: str
    adapter: str
    last_inbound_at: Instant | None
    last_outbound_at: Instant | None
    refused: int
    paused: str | None
    failures: int = 0
    paused_until: Instant | None = None
    shut: str | None = None
    recovered: int = 0
    looked_at: Instant | None = None

    @property
    def trouble(self) -> str | None:
        """What an operator reads of it, `None` while all is well."""
        if self.shut is not None:
            return f"{self.channel_id} is not open: {self.shut}"
        return f"{self.channel_id} does not send: {self.paused}" if self.paused is not None else None


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
