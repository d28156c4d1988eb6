"""An outbound message as the bytes of a mail, with everything that keeps it in its thread and out of loops.

Envelope sender: an answer to a message just received leaves with the null sender `<>`, so that nothing can answer it
(RFC 3834, section 4, and RFC 5321, 4.5.5). A notice leaves with the reply address, so that a bounce comes back to us,
finds its conversation by the token, and marks the delivery as failed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import EmailPolicy

import attrs

from treckk_gateway.adapters.email.mailbox import MARKER, Mailbox
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


class _LetterPolicy(EmailPolicy):
    """Mail as it is sent, with ids folded only between ids: the standard library encodes those that are long."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """One header as bytes with its line end."""
        if name in ("In-Reply-To", "References", "Message-ID"):
            return (f"{name}: " + "\r\n ".join(value.split()) + "\r\n").encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _LetterPolicy(linesep="\r\n")


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
    utf8 = not recipient.isascii()
    mail = EmailMessage(_POLICY.clone(utf8=utf8))
    mail["From"] = MailAddress(mailbox.name or "", mailbox.local, mailbox.domain)
    mail["To"] = MailAddress("", *recipient.rsplit("@", 1))
    mail["Subject"] = clean_line(message.subject or "")[:_SUBJECT] or message.reference or _NO_SUBJECT
    mail["Date"] = datetime.fromtimestamp(now, UTC)
    mail["Message-ID"] = message_id
    _thread(mail, message)
    if reply_to != mailbox.address:
        mail["Reply-To"] = MailAddress("", *reply_to.rsplit("@", 1))
    mail["Auto-Submitted"] = "auto-replied" if message.reply else "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail[MARKER] = mailbox.domain
    for name, value in (marks or {}).items():
        mail[name] = value
    mail.set_content(clean(message.text), cte="quoted-printable")
    sender = "" if message.reply else reply_to
    return Letter(message_id=message_id, sender=sender, recipient=recipient, content=mail.as_bytes(), utf8=utf8)


def _thread(mail: EmailMessage, message: OutboundMessage) -> None:
    """`In-Reply-To` and `References` from ids that are such; the chain keeps its newest."""
    thread = message.thread
    chain = [one for one in (*thread.earlier_ids, thread.last_id) if one and _MESSAGE_ID.fullmatch(one)]
    chain = list(dict.fromkeys(chain))[-_REFERENCES:]
    if thread.last_id and thread.last_id in chain:
        mail["In-Reply-To"] = thread.last_id
    if chain:
        mail["References"] = " ".join(chain)


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
