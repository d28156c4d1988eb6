"""Raw mail into an inbound message: pure, bounded, and never trusting what the mail says of itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import attrs

from treckk_gateway.adapters.email.bounces import COMPLAINT
from treckk_gateway.adapters.email.mail import Mail, folded, is_address, open_mail, words
from treckk_gateway.adapters.email.mailbox import STOP, Mailbox
from treckk_gateway.channel import Inbound
from treckk_gateway.channel.charset import decode_text
from treckk_gateway.errors import Scope
from treckk_gateway.model import (
    Address,
    Attachment,
    DeliveryReceipt,
    DeliveryState,
    InboundMessage,
    MediaKind,
)

NOBODY = "unknown@unknown.invalid"
"""The sender of a mail that names none, in From or in the envelope. Nothing can be sent there (RFC 2606)."""

_SCANNED = 64 * 1024
_ADDED = 300
_PROGRAM = re.compile(r"unsubscribe|berlangganan|automatic|otomatis", re.IGNORECASE)
_ADDRESS_IS_DEAD = frozenset({"5.1.1", "5.1.2", "5.1.10", "5.2.1"})

# Written anew by each server on the way, so a second delivery of one mail differs in them.
_TRACES = (
    b"received", b"return-path", b"delivered-to", b"envelope-to", b"x-original-to", b"authentication-results", b"arc-",
    b"received-spf", b"x-received", b"x-spam", b"x-virus", b"x-rspamd", b"x-envelope",
)  # fmt: skip


def fingerprint(raw: bytes, recipient: str) -> str:
    """What makes a mail the same when it is delivered again: its bytes without trace headers, and its recipient.

    `Message-ID` is no part of it by itself: it may be missing, doubled or forged.
    """
    digest = hashlib.sha256(recipient.lower().encode("utf-8", "replace") + b"\0")
    position, traced = 0, False
    while position < min(len(raw), _SCANNED):
        following = (raw.find(b"\n", position) + 1) or len(raw)
        line = raw[position : min(following, position + 100)]
        if not line.strip():
            break
        if line[:1] not in (b" ", b"\t"):
            traced = line.lower().startswith(_TRACES)
        if not traced:
            digest.update(memoryview(raw)[position:following])
        position = following
    digest.update(memoryview(raw)[position:])
    return digest.hexdigest()


def read_mail(raw: bytes, envelope_from: str | None, envelope_to: str, mailbox: Mailbox) -> Sequence[Inbound]:
    """The message in a mail and, of a bounce, what became of ours. `envelope_from` is empty for the null sender.

    `None` stands for an unknown envelope. Raises `PayloadError` for bytes without a single header: that is no mail.
    """
    mail = open_mail(raw)
    sender = mail.sender
    if sender is None:
        sender = folded(envelope_from) if envelope_from and is_address(envelope_from) else NOBODY
    key = fingerprint(raw, envelope_to)
    about = _ours(mail, mailbox)
    token = mailbox.token(envelope_to) or _token_in_headers(mail, mailbox)
    stops = token is not None and _stops(mail)
    message = InboundMessage(
        dedupe_key=key,
        sender=Address("mailto", sender),
        sender_name=mail.sender_name,
        subject=mail.subject or None,
        recipient=mailbox.address,
        message_id=mail.message_id,
        claimed_at=mail.claimed_at,
        reply_ids=tuple(dict.fromkeys((*((about,) if about else ()), *mail.answered))),
        reply_token=token,
        automatic=not stops
        and (bool(mail.signals) or envelope_from == "" or mailbox.owns(sender) or mailbox.wrote(mail.message_id)),
        quiet=mail.quiet and not stops,
        text=mail.text,
        attachments=mail.files,
        unsupported=mail.unsupported,
    )
    own: str | None = STOP
    if not stops:
        own = mail.own_words if mail.reply or (token and not mail.forward) else None
    return (_cut(message, own) if own is not None else message, *_receipts(mail, about, mailbox, key))


def _stops(mail: Mail) -> bool:
    """Whether a mail program sent it for a reader who wants no more of our news; it may add a word of its own."""
    words = mail.text.strip()
    added = len(words) < _ADDED and _PROGRAM.search(words)
    return mail.subject.strip().upper() == STOP and (words.upper() in {"", STOP} or bool(added))


def _cut(message: InboundMessage, own: str) -> InboundMessage:
    """A reply with only the sender's own words; the full text goes along as a file."""
    content = message.text.encode()
    full = Attachment(
        kind=MediaKind.DOCUMENT,
        content_type="text/plain; charset=utf-8",
        filename="full-text.txt",
        size=len(content),
        content=content,
    )
    return attrs.evolve(message, text=own, attachments=(*message.attachments, full))


def _ours(mail: Mail, mailbox: Mailbox) -> str | None:
    """The `Message-ID` of the mail of our domain that a bounce or a complaint is about."""
    about = mail.bounce.original_id if mail.bounce else mail.complained_of
    return about if about and mailbox.delivery_id(about) else None


def _receipts(mail: Mail, about: str | None, mailbox: Mailbox, key: str) -> Sequence[DeliveryReceipt]:
    """What a bounce or a complaint says became of a mail of ours; nothing unless it failed for good or is not wanted.

    A failure holds for the address only where its status says that the mailbox does not exist or is disabled: full
    mailboxes and policy are no fault of the address. `key` is the dedupe key of the bounce.
    """
    bounce = mail.bounce
    if about is not None and about == mail.complained_of:
        complaint = DeliveryReceipt(
            dedupe_key=f"{key}:complaint",
            state=DeliveryState.DELIVERED,
            raw_status=COMPLAINT,
            provider_message_id=about,
            delivery_id=mailbox.delivery_id(about),
            code=COMPLAINT,
            scope=Scope.ADDRESS,
        )
        return (complaint,)
    if bounce is None or about is None or bounce.action != "failed":
        return ()
    receipt = DeliveryReceipt(
        dedupe_key=f"{key}:bounce",
        state=DeliveryState.FAILED,
        raw_status=f"failed {bounce.status or ''}".strip(),
        provider_message_id=about,
        delivery_id=mailbox.delivery_id(about),
        code=bounce.status,
        scope=Scope.ADDRESS if bounce.status in _ADDRESS_IS_DEAD else None,
    )
    return (receipt,)


def _token_in_headers(mail: Mail, mailbox: Mailbox) -> str | None:
    """The token in `To` or `Cc`, for servers that drop what stands behind the plus; `None` unless there is just one."""
    found = set[str]()
    for name, raw in mail.headers:
        if name in ("to", "cc", "x-original-to", "delivered-to"):
            found |= {token for word in words(decode_text(raw, None)) if (token := mailbox.token(word))}
    return found.pop() if len(found) == 1 else None
