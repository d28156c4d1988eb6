"""Two robots that answer each other by mail: told by their pace where neither says what it is.

A robot that labels its mail is never answered at all. One that does not would be answered, answer that, and so on; many
offices have such a one (email-and-web reference, A8). Nobody writes seven mails in an hour and waits for seven answers:
from then on the mails of that address are filed, danger is still answered, and the rest is silence until an hour has
fewer. Nothing is lost: what was written stands in its case, marked, and staff may write back.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from msgspec.structs import replace

from treckk_gateway.model import InboundMessage, Instant
from treckk_gateway.store.orders import Filing
from treckk_gateway.store.rows import MessageRow

ANSWERED = 6
"""Mails of one address within `WINDOW` that are answered."""
WINDOW = 3_600_000_000
"""Microseconds."""
MARK = {"loop": "yes"}
"""What the history says of a mail that was not answered for that reason."""

log = structlog.get_logger(__name__)


def looping(message: InboundMessage, earlier: Sequence[MessageRow], now: Instant) -> bool:
    """Whether this mail is one too many; `earlier` are the conversation's last messages. The log says it once."""
    if message.sender.scheme != "mailto" or message.automatic:
        return False
    lately = [one for one in earlier if one.direction == "in" and not one.automatic and one.at > now - WINDOW]
    if len(lately) == ANSWERED:
        log.warning("mail.loop_stopped", conversation_id=lately[0].conversation_id)
    return len(lately) >= ANSWERED


def silenced(filing: Filing, conversation_id: int) -> Filing:
    """The filing without answers and questions to that conversation, unless they are about danger."""
    drafts = tuple(one for one in filing.drafts if one.urgent or one.conversation_id != conversation_id)
    timers = tuple(one for one in filing.timers if one.kind != "ask")
    fields = replace(filing.conversation, asking=None) if filing.conversation is not None else None
    return replace(filing, drafts=drafts, timers=timers, conversation=fields)
