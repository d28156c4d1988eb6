"""Raw mail into an inbound message: pure, bounded, and never trusting what the mail says of itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from email.utils import mktime_tz, parsedate_tz

import attrs

from treckk_gateway.adapters.email.automatic import is_automatic, original_id, receipts
from treckk_gateway.adapters.email.bodies import Body, read_body
from treckk_gateway.adapters.email.mailbox import Mailbox
from treckk_gateway.adapters.email.quoting import own_words
from treckk_gateway.channel import Inbound
from treckk_gateway.channel.charset import decode_text
from treckk_gateway.channel.mime import Part, decode_header, first, walk
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import Address, Attachment, InboundMessage, MediaKind

NOBODY = "unknown@unknown.invalid"
"""The sender of a mail that names none, in From or in the envelope. Nothing can be sent there (RFC 2606)."""

_SUBJECT = 2000
_NAME = 200
_REFERENCES = 50
_SCANNED = 64 * 1024
_YEARS = (631_152_000, 4_102_444_800)  # 1990 to 2100, in seconds

# Written anew by each server on the way, so a second delivery of one mail differs in them.
_TRACES = (
    b"received", b"return-path", b"delivered-to", b"envelope-to", b"x-original-to", b"authentication-results", b"arc-",
    b"received-spf", b"x-received", b"x-spam", b"x-virus", b"x-rspamd", b"x-envelope",
)  # fmt: skip
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_ANGLED = re.compile(r"<([^<>\s]{3,320})>")
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f]{1,64}@[^\s@<>()\[\]\\,;:\"\x00-\x1f]{1,255}")
_REPLY = re.compile(r"(?:re|bls|balas|aw|antw)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_FORWARD = re.compile(r"(?:fwd?|trs|terusan|diteruskan|wg)\s*:", re.IGNORECASE)


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
    try:
        return _read(raw, envelope_from, envelope_to, mailbox)
    except PayloadError:
        raise
    except Exception as problem:  # noqa: BLE001 whatever a mail brings about, it is parked and not lost
        reason = f"the mail cannot be read ({type(problem).__name__})"
    raise PayloadError(reason)


def _read(raw: bytes, envelope_from: str | None, envelope_to: str, mailbox: Mailbox) -> Sequence[Inbound]:
    tree = walk(raw)
    top = tree.top
    if not top.headers:
        raise PayloadError("no mail: there is no header")
    key = fingerprint(raw, envelope_to)
    message_id = _own_id(top)
    sender, name = _author(top)
    if sender is None:
        sender = _folded(envelope_from) if envelope_from and _is_address(envelope_from) else NOBODY
    reported = original_id(tree, mailbox)
    message = InboundMessage(
        dedupe_key=key,
        sender=Address("mailto", sender),
        sender_name=name,
        subject=(top.header("subject") or "")[:_SUBJECT] or None,
        recipient=mailbox.address,
        message_id=message_id,
        claimed_at=_date(top),
        reply_ids=tuple(dict.fromkeys((*((reported,) if reported else ()), *_answered(top)))),
        reply_token=mailbox.token(envelope_to) or _token_in_headers(top, mailbox),
        automatic=is_automatic(top, sender=sender, envelope_from=envelope_from, message_id=message_id, mailbox=mailbox),
    )
    return (_with_body(message, read_body(tree)), *receipts(tree, mailbox, key))


def _with_body(message: InboundMessage, body: Body) -> InboundMessage:
    """The message with its words and files. Of a reply only the sender's own words; the full text goes with it."""
    subject = message.subject or ""
    is_reply = bool(message.reply_ids or message.reply_token or _REPLY.match(subject)) and not _FORWARD.match(subject)
    own = own_words(body.text) if is_reply else None
    files = body.files
    if own is not None:
        content = body.text.encode()
        full = Attachment(
            kind=MediaKind.DOCUMENT,
            content_type="text/plain; charset=utf-8",
            filename="full-text.txt",
            size=len(content),
            content=content,
        )
        files = (*files, full)
    return attrs.evolve(message, text=own or body.text, attachments=files, unsupported=body.unsupported)


def _author(top: Part) -> tuple[str | None, str | None]:
    """Address and name of the first `From`: the last `<...>` that is an address, else the only word that is one."""
    written = decode_text(first(top.headers, "from") or b"", None)
    angled = [one for one in _ANGLED.finditer(written) if _is_address(one[1])]
    if angled:
        name = decode_header(written[: angled[-1].start()].encode())
        return _folded(angled[-1][1]), name.strip("\"' ")[:_NAME] or None
    words = [word for word in _words(written) if _is_address(word)]
    return (_folded(words[0]) if len(words) == 1 else None), None


def _words(written: str) -> list[str]:
    return re.split(r"[\s,;<>()\"]+", written)


def _is_address(word: str) -> bool:
    return word.isprintable() and _ADDRESS.fullmatch(word) is not None


def _folded(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def _own_id(top: Part) -> str | None:
    found = _MESSAGE_ID.search(decode_text(first(top.headers, "message-id") or b"", None))
    return found[0] if found else None


def _answered(top: Part) -> Sequence[str]:
    """Ids of the mails it answers: `In-Reply-To`, then `References`, newest first. Clients drop either of them."""
    replied = _MESSAGE_ID.findall(decode_text(first(top.headers, "in-reply-to") or b"", None))
    earlier = _MESSAGE_ID.findall(decode_text(first(top.headers, "references") or b"", None))
    return (*replied, *reversed(earlier))[:_REFERENCES]


def _token_in_headers(top: Part, mailbox: Mailbox) -> str | None:
    """The token in `To` or `Cc`, for servers that drop what stands behind the plus; `None` unless there is just one."""
    found = set[str]()
    for name, raw in top.headers:
        if name in ("to", "cc", "x-original-to", "delivered-to"):
            found |= {token for word in _words(decode_text(raw, None)) if (token := mailbox.token(word))}
    return found.pop() if len(found) == 1 else None


def _date(top: Part) -> int | None:
    """The sender's own time in microseconds; `None` where it is missing or absurd."""
    written = (top.header("date") or "")[:100]
    try:
        parts = parsedate_tz(written)
        seconds = mktime_tz(parts) if parts else 0
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return int(seconds) * 1_000_000 if _YEARS[0] <= seconds < _YEARS[1] else None
