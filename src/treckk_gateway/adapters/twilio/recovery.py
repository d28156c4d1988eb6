"""A message that Twilio lists, as the webhook that should have brought it.

Listed messages have no extras: no pin, no tapped button, no name, no business-scoped id. What is left is kept; one that
was only a pin shows as a message we cannot interpret, so that somebody asks.
Source: Twilio docs, Message resource; Media subresource.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import attrs

from treckk_gateway.channel import WebhookRequest

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@attrs.frozen(kw_only=True)
class Listed:
    """A message as listed: `files` are addresses with their content types."""

    sid: str
    account_sid: str
    sender: str = attrs.field(repr=False)
    recipient: str = attrs.field(repr=False)
    body: str = attrs.field(repr=False)
    files: Sequence[tuple[str, str]] = attrs.field(default=(), repr=False)

    def request(self, url: str) -> WebhookRequest:
        """The webhook at that address. The same message always gives the same bytes."""
        fields = {
            "MessageSid": self.sid,
            "SmsSid": self.sid,
            "SmsMessageSid": self.sid,
            "AccountSid": self.account_sid,
            "From": self.sender,
            "To": self.recipient,
            "Body": self.body,
            "NumMedia": str(len(self.files)),
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        for number, (place, kind) in enumerate(self.files):
            fields |= {f"MediaUrl{number}": place, f"MediaContentType{number}": kind}
        return WebhookRequest.of("POST", url, _FORM, urlencode(fields).encode())
