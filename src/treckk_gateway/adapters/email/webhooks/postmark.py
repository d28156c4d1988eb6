"""Postmark: an inbound stream's webhook, and the webhooks of what we send.

Sources: Postmark's documentation, "Inbound webhook", "Bounce webhook", "Delivery webhook", "Spam complaint webhook",
"Subscription change webhook", "Webhooks overview" (authentication), "Send with SMTP" (`X-PM-Metadata-`, `X-PM-KeepID`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import ClassVar

from treckk_gateway.adapters.email.webhooks.payload import listed, part, read_json, text
from treckk_gateway.adapters.email.webhooks.provider import MARK, Arrived, Provider, check_login, receipt
from treckk_gateway.adapters.email.webhooks.rebuilding import Carried, rebuilt
from treckk_gateway.channel import WebhookRequest
from treckk_gateway.channel.mail_headers import from_base64
from treckk_gateway.errors import PayloadError
from treckk_gateway.model import DeliveryReceipt, DeliveryState

_METADATA = MARK.replace("_", "-")
_DEAD = frozenset({"HardBounce", "BadEmailAddress", "ManuallyDeactivated"})
_COMPLAINTS = frozenset({"SpamComplaint", "SpamNotification"})
_STILL_TRYING = frozenset({"Transient", "DnsError"})
_READ_BY_MACHINES = frozenset(
    {"AutoResponder", "AddressChange", "ChallengeVerification", "OpenRelayTest", "VirusNotification"}
)
_STATES = {"Delivery": DeliveryState.DELIVERED, "Open": DeliveryState.DELIVERED, "Click": DeliveryState.DELIVERED}


class Postmark(Provider):
    """Signs nothing: the proof is a login in the URL that Postmark is given."""

    receipts: ClassVar[frozenset[DeliveryState]] = Provider.receipts - {DeliveryState.ACCEPTED}

    def verify(self, request: WebhookRequest) -> None:
        """Check the login."""
        check_login(request, self.options.webhook_login)

    @classmethod
    def read(cls, request: WebhookRequest) -> Iterator[Arrived | DeliveryReceipt]:
        """A mail, raw where Postmark was told to include it (`RawEmail`), or a record of ours."""
        tree = read_json(request.body)
        record = text(tree, "RecordType")
        if record not in ("", "Inbound"):
            yield from _record(tree, record)
            return
        raw = text(tree, "RawEmail")
        if not raw and not isinstance(part(tree, "Headers"), list):
            raise PayloadError("neither a mail nor a record")
        recipient = text(tree, "OriginalRecipient") or None
        yield Arrived(raw=raw.encode("utf-8", "replace") if raw else _rebuilt(tree), recipient=recipient)

    @classmethod
    def marks(cls, delivery_id: str) -> Mapping[str, str]:
        """Metadata come back in each record; our own Message-ID is kept."""
        return {f"X-PM-Metadata-{_METADATA}": delivery_id, "X-PM-KeepID": "true"}


def _rebuilt(tree: object) -> bytes:
    fields = [(name, text(tree, name)) for name in ("From", "To", "Cc", "Subject", "Date")]
    listed_ones = [(text(one, "Name"), text(one, "Value")) for one in listed(tree, "Headers")]
    known = {name.lower() for name, _ in listed_ones}
    headers = [*((name, value) for name, value in fields if value and name.lower() not in known), *listed_ones]
    files = [
        Carried(
            content=from_base64(text(one, "Content").encode("ascii", "replace")),
            content_type=text(one, "ContentType"),
            filename=text(one, "Name"),
            content_id=text(one, "ContentID"),
        )
        for one in listed(tree, "Attachments")
    ]
    return rebuilt(headers, text=text(tree, "TextBody"), html=text(tree, "HtmlBody"), files=files)


def _record(tree: object, record: str) -> Iterator[DeliveryReceipt]:
    kind = text(tree, "Type")
    state = _STATES.get(record, DeliveryState.UNKNOWN)
    if record == "Bounce":
        state = DeliveryState.SENDING if kind in _STILL_TRYING else DeliveryState.FAILED
        state = DeliveryState.DELIVERED if kind in _READ_BY_MACHINES | _COMPLAINTS else state
    if record == "SpamComplaint":
        state = DeliveryState.DELIVERED
    stopped = record == "SubscriptionChange" and part(tree, "SuppressSending") is True
    named = part(tree, "ID")
    yield from receipt(
        f"record:{record}:{named if isinstance(named, int) else _digest(tree)}",
        state,
        f"{record} {kind}".strip(),
        delivery_id=text(tree, "Metadata", _METADATA),
        message_id="",
        code=kind if state is DeliveryState.FAILED else "",
        dead=record == "Bounce" and kind in _DEAD,
        complaint=record == "SpamComplaint" or kind in _COMPLAINTS,
        opted_out=(stopped and text(tree, "SuppressionReason") == "ManualSuppression") or kind == "Unsubscribe",
    )


def _digest(tree: object) -> str:
    return hashlib.sha256(repr(tree).encode("utf-8", "replace")).hexdigest()
