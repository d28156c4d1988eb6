"""What a bounce says became of a mail: by the standard (RFC 3464), and as old mail programs put it in words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import attrs

from treckk_gateway.channel.mail_headers import Headers, decode_header, first, read_headers
from treckk_gateway.channel.mime import Tree

COMPLAINT = "complaint"
"""Code of a receipt whose recipient called our mail spam: the address is set aside, the case goes on."""

_STATUSES = ("message/delivery-status", "message/global-delivery-status")
_ORIGINALS = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_UNDELIVERED = frozenset({"failed", "delayed"})
_RECIPIENTS = 20
_SCANNED = 64 * 1024

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_QUOTED_ID = re.compile(r"^[> \t]{0,4}message-id:\s*(<[^<>\s]{1,250}>)", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"\b[245]\.[0-9]{1,3}\.[0-9]{1,3}\b")
_SUBJECT = re.compile(
    r"undeliver|mail delivery|delivery (?:status notification|failure|failed|has failed|incomplete|delayed)"
    r"|message delivery failure|failure notice|returned mail|returned to sender|mail system error"
    r"|(?:pesan )?tidak terkirim|gagal (?:ter)?kirim|pengiriman (?:pesan |email )?gagal|pesan tidak dapat (?:di)?kirim",
    re.IGNORECASE,
)
_QMAIL = "Hi. This is the qmail-send program at "
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@[^\s@<>()\[\]\\,;:\"]{1,255}")


@attrs.frozen(kw_only=True)
class Bounce:
    """A mail that was not delivered, or not yet.

    `action` is `failed` or `delayed`; `status` the enhanced code such as `5.1.1` where one is stated in its own field.
    `original_id` is the `Message-ID` of the mail it is about.
    """

    action: str
    status: str | None = None
    recipient: str | None = attrs.field(default=None, repr=False)
    original_id: str | None = None


def bounce(tree: Tree, subject: str, text: str, signals: Collection[str]) -> Bounce | None:
    """What the mail reports; `None` when it is no bounce. `signals` are those of `automatic.signals`.

    Where there is no report in the standard's form, the words count only of mail that a machine sent.
    """
    reported = list(_reported(tree))
    if reported:
        undelivered = next((one for one in reported if one.action in _UNDELIVERED), None)
        return undelivered and attrs.evolve(undelivered, original_id=_original_id(tree))
    claimed = tree.top.named.get("x-failed-recipients")
    told = claimed is not None or (_by_machine(signals) and _SUBJECT.search(subject))
    if not told and not (signals and text.startswith(_QMAIL)) and not _report_of_delivery(tree):
        return None
    found = _ADDRESS.search(decode_header(claimed)) if claimed else None
    quoted = _QUOTED_ID.search(text[:_SCANNED])
    return Bounce(
        action="delayed" if re.search(r"\b(?:delay|warning)", subject, re.IGNORECASE) else "failed",
        recipient=found[0] if found else None,
        original_id=_original_id(tree) or (quoted[1] if quoted else None),
    )


def complained_of(tree: Tree) -> str | None:
    """The `Message-ID` of a mail of ours that its recipient called spam, by a feedback report (RFC 5965)."""
    for leaf in tree.leaves:
        if leaf.content_type == "message/feedback-report":
            kind = _value(read_headers(leaf.content())[0], "feedback-type").lower()
            return None if kind == "not-spam" else _original_id(tree)
    return None


def _by_machine(signals: Collection[str]) -> bool:
    return "sender" in signals or "return-path" in signals


def _report_of_delivery(tree: Tree) -> bool:
    """A report that says it is of delivery, its machine-readable part missing or empty."""
    return tree.top.content_type == "multipart/report" and tree.top.parameters.get("report-type") == "delivery-status"


def _original_id(tree: Tree) -> str | None:
    """The `Message-ID` of the mail that is returned as a part (RFC 3464, third part)."""
    for leaf in tree.leaves:
        if leaf.content_type in _ORIGINALS:
            found = _MESSAGE_ID.search(_value(read_headers(leaf.content())[0], "message-id"))
            if found:
                return found[0]
    return None


def _reported(tree: Tree) -> Iterator[Bounce]:
    """What a delivery status says of each recipient; each of our mails has one."""
    for fields in _recipients(tree):
        action = _value(fields, "action").lower()
        code = _STATUS.search(_value(fields, "status")) or _STATUS.search(_value(fields, "diagnostic-code"))
        status = code[0] if code else None
        if not action and status and status.startswith("5"):
            action = "failed"
        if action:
            address = _ADDRESS.search(_value(fields, "final-recipient") or _value(fields, "original-recipient"))
            yield Bounce(action=action, status=status, recipient=address[0] if address else None)


def _recipients(tree: Tree) -> Iterator[Headers]:
    """The groups of fields in a delivery status: first of the mail, then one for each recipient."""
    for leaf in tree.leaves:
        if leaf.content_type not in _STATUSES:
            continue
        raw, position = leaf.content(), 0
        for _ in range(_RECIPIENTS):
            fields, following = read_headers(raw, position)
            if following <= position:
                break
            position = following
            if fields:
                yield fields


def _value(fields: Headers, name: str) -> str:
    return decode_header(first(fields, name) or b"")
