"""What an author gives the kit to judge by: genuine requests and what they say, refusals and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from treckk_gateway.channel import Inbound, WebhookRequest
from treckk_gateway.errors import Scope, SendError

Expected = Inbound | Mapping[str, object]
"""An item to equal, or attributes of it by dotted name: `{"sender.scheme": "sms", "attachments.0.size": 12}`."""


class Sample:
    """A genuine request and what it says: one `Expected` for each item, in order; none where it says nothing."""

    def __init__(self, name: str, request: WebhookRequest, *items: Expected) -> None:
        self.name = name
        self.request = request
        self.items = items


@attrs.frozen
class Refusal:
    """A provider's own way to say no: `played` is what the stand-in's `play` takes, `error` what `send` must raise.

    `scope` is what a `Rejected` must hold for; `None` leaves that open.
    """

    name: str
    played: Any
    error: type[SendError]
    scope: Scope | None = None
