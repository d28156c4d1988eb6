"""How the gateway and its channels do."""

from __future__ import annotations

import attrs

from treckk_gateway.model import Instant


@attrs.frozen(kw_only=True)
class ChannelHealth:
    """How a channel does: moments are `None` before the first, `paused` is the code of what stops sending."""

    channel_id: str
    adapter: str
    last_inbound_at: Instant | None
    last_outbound_at: Instant | None
    refused: int
    paused: str | None


@attrs.frozen(kw_only=True)
class Health:
    """Whether the gateway can take messages now, what is wrong, and each channel's state."""

    ready: bool
    problems: tuple[str, ...]
    channels: tuple[ChannelHealth, ...]
