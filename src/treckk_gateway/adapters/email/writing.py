"""An outbound message as the bytes of a mail, with everything that keeps it in its thread and out of loops.

Envelope sender: an answer to a message just received leaves with the null sender `<>`, so that nothing can answer it
(RFC 3834, section 4, and RFC 5321, 4.5.5). A notice leaves with the reply address, so that a bounce comes back to us,
finds its conversation by the token, and marks the delivery as failed.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from collections.abc import Mapping
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address as MailAddress
from email.utils import format_datetime, formataddr
from hashlib import sha256
from html import escape

import attrs

from treckk_gateway.adapters.email.mailbox import MARKER, STOP, Mailbox
from treckk_gateway.channel.charset import clean, clean_line
from treckk_gateway.errors import Rejected, Scope
from treckk_gateway.model import OutboundMessage

_SUBJECT = 250
_REFERENCES = 20
_NO_SUBJECT = "Satpol PP"
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}")
_LONGEST_DOMAIN = 253
_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+", re.IGNORECASE)


_LINE = 76
_FIXED = b"MIME-Version: 1.0\r\nX-Auto-Response-Suppress: All\r\n"
_PART = b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
_ADDRESS_IN_TEXT = re.compile(r"https?://[^\s<>\"']{1,500}[^\s<>\"'.,;:!?)\]]")


@attrs.frozen(kw_only=True, repr=False)
class Letter:
    """A mail ready to be sent: `sender` and `recipient` are those of the envelope, an empty sender is the null one.

    `utf8` says that the recipient's address is not ASCII, so that the relay must offer SMTPUTF8.
    """

    message_id: str
    sender: str
    recipient: str
    content: bytes
    utf8: bool = False


def write_letter(
    message: OutboundMessage, mailbox: Mailbox, now: float, marks: Mapping[str, str] | None = None
) -> Letter:
    """Build the mail; `now` is in seconds. The same delivery has the same `Message-ID` in each attempt.

    `marks` are further headers, by which the service that sends it names it in its notices.

    Raises `Rejected` when the recipient is no mail address that could be sent to.
    """
    recipient = _recipient(message)
    try:
        message_id = mailbox.message_id(message.delivery_id)
    except ValueError:
        raise Rejected("bad_id", "the delivery id cannot be a Message-ID") from None
    reply_to = mailbox.tagged(message.thread.reply_token)
    subject = clean_line(message.subject or "")[:_SUBJECT] or message.reference or _NO_SUBJECT
    headers = [
        ("From", _named(mailbox)),
        ("To", MailAddress("", *recipient.rsplit("@", 1)).addr_spec),
        ("Subject", _words("Subject", subject)),
        ("Date", format_datetime(datetime.fromtimestamp(now, UTC))),
        ("Message-ID", message_id),
        *_thread(message),
        *([("Reply-To", reply_to)] if reply_to != mailbox.address else []),
        *_way_out(message, reply_to),
        ("Auto-Submitted", "auto-replied" if message.reply else "auto-generated"),
        (MARKER, mailbox.domain),
        *((name, _words(name, clean_line(value))) for name, value in (marks or {}).items()),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return Letter(
        message_id=message_id,
        sender="" if message.reply else reply_to,
        recipient=recipient,
        content=b"".join((head.encode(), _FIXED, _both(clean(message.text)))),
        utf8=not recipient.isascii(),
    )


def _named(mailbox: Mailbox) -> str:
    """The address with its name, which may be in any script."""
    name = mailbox.name or ""
    return (
        f"{_words('From', name)} <{mailbox.address}>" if _encoded(name) else formataddr((name or None, mailbox.address))
    )


def _words(name: str, value: str) -> str:
    """Words as they may stand in a header: encoded where they must be, folded where they are long (RFC 2047, 5322)."""
    if len(name) + 2 + len(value) <= _LINE and not _encoded(value):
        return value
    charset = "utf-8" if _encoded(value) else "us-ascii"
    return Header(value, charset, maxlinelen=_LINE, header_name=name).encode(linesep="\r\n")


def _encoded(value: str) -> bool:
    """Whether it cannot stand in a header as it is; what looks encoded would be read as something else."""
    return not value.isascii() or "=?" in value


def _both(text: str) -> bytes:
    """The text twice, as RFC 2046 (5.1.4) wants alternatives: plain first, then HTML, which a reader may prefer.

    The HTML is the same words with line breaks and links, nothing loaded, nothing of a style, nothing that tells us
    whether it was read.
    """
    plain, html = _quoted(text), _quoted(_html(text))
    boundary = sha256(plain).hexdigest()[:32].encode()  # too long and too odd to stand in the text by chance
    return b"".join(
        (
            b'Content-Type: multipart/alternative; boundary="%s"\r\n\r\n' % boundary,
            b"--%s\r\n%s%s\r\n" % (boundary, _PART % b"plain", plain),
            b"--%s\r\n%s%s\r\n" % (boundary, _PART % b"html", html),
            b"--%s--\r\n" % boundary,
        )
    )


def _quoted(text: str) -> bytes:
    """The text as quoted-printable, every line ended by CRLF (RFC 2045, 6.7)."""
    return b2a_qp(b"\r\n".join([*text.encode().splitlines(), b""]))


def _html(text: str) -> str:
    """Plain text as a page of HTML: escaped, lines kept, web addresses made links."""
    pieces, at = list[str](), 0
    for found in _ADDRESS_IN_TEXT.finditer(text):
        link = escape(found[0])
        pieces += [escape(text[at : found.start()]), f'<a href="{link}">{link}</a>']
        at = found.end()
    pieces.append(escape(text[at:]))
    return "<!DOCTYPE html>\n<html><body>\n" + "".join(pieces).replace("\n", "<br>\n") + "\n</body></html>\n"


def _thread(message: OutboundMessage) -> list[tuple[str, str]]:
    """`In-Reply-To` and `References` from ids that are such; the chain keeps its newest. Folded only between ids."""
    thread = message.thread
    chain = [one for one in (*thread.earlier_ids, thread.last_id) if one and _MESSAGE_ID.fullmatch(one)]
    chain = list(dict.fromkeys(chain))[-_REFERENCES:]
    headers = [("In-Reply-To", thread.last_id)] if thread.last_id and thread.last_id in chain else []
    return [*headers, ("References", "\r\n ".join(chain))] if chain else headers


def _way_out(message: OutboundMessage, reply_to: str) -> list[tuple[str, str]]:
    """How a mail program may end our news for its reader (RFC 2369, 3.2): by what they could write themselves.

    No one-click form (RFC 8058): that wants a link, which whoever a mail is passed on to could follow.
    """
    if not message.news or message.thread.reply_token is None:
        return []
    return [("List-Unsubscribe", f"<mailto:{reply_to}?subject={STOP}&body={STOP}>")]


def _recipient(message: OutboundMessage) -> str:
    """The address to send to; its domain in ASCII form (IDNA), since that needs nothing of the relay."""
    if message.recipient.scheme != "mailto":
        raise Rejected("address_scheme", "mail reaches no addresses of that kind")
    local, _, domain = message.recipient.value.rpartition("@")
    try:
        domain = domain if domain.isascii() else domain[:_LONGEST_DOMAIN].encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    usable = local.isprintable() and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)
    if not usable or domain.lower().endswith(".invalid"):
        raise Rejected("bad_address", "the recipient is no address that mail can be sent to", scope=Scope.ADDRESS)
    return f"{local}@{domain}"
