"""What a channel can do; the feature matrix in the documentation is generated from this."""

from __future__ import annotations

from enum import StrEnum

import attrs

from treckk_gateway.model import DeliveryState


class TextForm(StrEnum):
    """Which wording of a template suits the channel: a chat, a short message or a letter."""

    CHAT = "whatsapp"
    SMS = "sms"
    EMAIL = "email"


class ParseMode(StrEnum):
    """`INLINE`: parsed before the answer. `DEFERRED`: the raw bytes are stored, parsing runs in a bounded process."""

    INLINE = "inline"
    DEFERRED = "deferred"


@attrs.frozen(kw_only=True)
class Capabilities:
    """Claims the conformance kit holds an adapter to. They may differ from one configured channel to the next.

    `schemes` are the address schemes it speaks. `max_text` counts characters (of `segments` channels the text may
    be longer and is sent in parts). `reply_window` is in seconds since the recipient's last message; outside it
    only `templates` pass, where some are configured. `choices` is how many answers a message may offer for tapping.
    `rate` is messages per second, `burst` how many may go at once. `idempotent_send` says a repeat with the same
    delivery id cannot send twice; `lookup` that an uncertain send can be looked up. `recover_every` is after how many
    seconds the provider is asked for messages whose webhook never came; `None` for never.
    """

    schemes: frozenset[str]
    inbound: bool = True
    outbound: bool = True
    webhook: bool = True
    listens: bool = False
    parse: ParseMode = ParseMode.INLINE
    form: TextForm = TextForm.CHAT
    bold: bool = False
    subject: bool = False
    threads: bool = False
    media_in: bool = False
    media_out: bool = False
    location: bool = False
    receipts: frozenset[DeliveryState] = frozenset()
    reply_window: int | None = None
    templates: bool = False
    choices: int = 0
    max_text: int | None = None
    segments: bool = False
    rate: float = 10.0
    burst: int = 10
    idempotent_send: bool = False
    lookup: bool = False
    recover_every: float | None = None
