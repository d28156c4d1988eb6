"""One message of somebody of the unit, read once."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.dispatch.reading import Reader, Said
from treckk_gateway.model import InboundMessage
from treckk_gateway.store.rows import ConversationRow, OutboxRow


@attrs.frozen(kw_only=True)
class Remark:
    """A message read once. `point` is a pin as latitude and longitude; `key` makes the message's own.

    `named` says that it named the case we had asked about, beside its answer.
    """

    said: Said
    text: str = attrs.field(repr=False)
    key: str
    files: int = 0
    point: tuple[float, float] | None = attrs.field(default=None, repr=False)
    quoted: OutboxRow | None = None
    mail: bool = False
    named: bool = False


async def remark_of(
    casework: Casework, conversation: ConversationRow, channel_id: str, message: InboundMessage
) -> Remark:
    """Read a message of that conversation."""
    reader = reader_of(casework)
    head, tail = message.text, ""
    if message.sender.scheme == "mailto":
        # In a mail the first line says what to do; a greeting or a signature below it says nothing.
        head, _, tail = message.text.strip().partition("\n")
    said = reader.read(head)
    if tail and said.acts:
        said = attrs.evolve(said, rest=f"{said.rest}\n{tail.strip()}".strip(), whole=message.text)
    if not said.names_case and message.subject and said.bare is None:
        said = attrs.evolve(said, reference=reader.read(message.subject).reference)
    at = message.location
    quoted = await casework.store.notice_answered(channel_id, message.reply_ids)
    own = quoted is not None and quoted.conversation_id == conversation.id
    return Remark(
        said=said,
        text=message.text.strip(),
        key=message.dedupe_key,
        files=sum(not one.content_type.startswith("text/plain") for one in message.attachments),
        point=(at.lat, at.lng) if at is not None and at.lat is not None and at.lng is not None else None,
        quoted=quoted if own else None,
        mail=message.sender.scheme == "mailto",
    )


def reader_of(casework: Casework) -> Reader:
    """Reads with the profile's words."""
    return Reader(casework.profile.staff, casework.profile.reference_prefix)
