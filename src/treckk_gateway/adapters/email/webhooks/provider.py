"""What a mail service is to the email channel: a proof, a way to read its requests, and a mark on what we send.

A service takes mail in for the office and posts it to us, raw or in fields. Either way it becomes the raw bytes of a
mail, and those are read as if they had come by LMTP. Notices of what became of our own mail become receipts.
"""

from __future__ import annotations

import base64
import hmac
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from typing import ClassVar

import attrs

from treckk_gateway.adapters.email.bounces import COMPLAINT
from treckk_gateway.adapters.email.webhooks.options import ServiceOptions
from treckk_gateway.channel import ChannelContext, WebhookRequest
from treckk_gateway.errors import Scope, SignatureError
from treckk_gateway.model import DeliveryReceipt, DeliveryState, Secret

MARK = "treckk_delivery"
"""What our delivery id is called in what services let us attach to a mail."""

DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.10", "5.2.1"})
"""Enhanced codes that say that the mailbox does not exist or is disabled (RFC 3463)."""

_LONGEST_WORD = 80


@attrs.frozen(kw_only=True, repr=False)
class Arrived:
    """A mail as its sender's server gave it. `sender` and `recipient` are the envelope's, `None` where unknown.

    An empty `sender` is the null one.
    """

    raw: bytes
    sender: str | None = None
    recipient: str | None = None


class Provider(ABC):
    """One mail service. Write `verify` and `read`; the rest has defaults."""

    receipts: ClassVar[frozenset[DeliveryState]] = frozenset(
        {DeliveryState.ACCEPTED, DeliveryState.SENDING, DeliveryState.DELIVERED, DeliveryState.FAILED}
    )
    """What its notices may say of a mail of ours."""

    def __init__(self, options: ServiceOptions, context: ChannelContext) -> None:
        self.options = options
        self.context = context

    @classmethod
    def check_options(cls, options: ServiceOptions) -> None:
        """Raise `ValueError` when a setting is missing without which nothing could be proven."""
        if not options.webhook_login:
            raise ValueError("webhook_login: this service signs nothing: give user:password and put it into its URL")

    @abstractmethod
    def verify(self, request: WebhookRequest) -> Awaitable[None] | None:
        """Raise `SignatureError` unless the service is shown to have posted it. See `Channel.verify`."""

    @classmethod
    @abstractmethod
    def read(cls, request: WebhookRequest) -> Iterator[Arrived | DeliveryReceipt]:
        """What the request brings: mails, receipts, or nothing. Pure; raises `PayloadError` for nonsense."""

    @classmethod
    def marks(cls, delivery_id: str) -> Mapping[str, str]:  # noqa: ARG003 a default
        """Headers on a mail of ours by which the service's notices name it."""
        return {}

    async def complete(self, request: WebhookRequest) -> WebhookRequest:
        """See `Completing`."""
        return request


def check_login(request: WebhookRequest, logins: Sequence[Secret]) -> None:
    """Raise `SignatureError` unless the request bears one of these `user:password` (RFC 7617)."""
    given = (request.header("authorization") or "").encode("utf-8", "replace")
    matches = [hmac.compare_digest(given, b"Basic " + base64.b64encode(one.reveal().encode())) for one in logins]
    if not any(matches):
        raise SignatureError("the login is missing or wrong")


def receipt(
    key: str,
    state: DeliveryState,
    word: str,
    *,
    delivery_id: str,
    message_id: str,
    code: str = "",
    dead: bool = False,
    complaint: bool = False,
    opted_out: bool = False,
) -> Iterator[DeliveryReceipt]:
    """A notice as a receipt; none where it names no mail of ours.

    `delivery_id` is our mark, `message_id` the id our mail left with. `dead` says that the address is no more.
    """
    if not delivery_id and not message_id:
        return
    code = COMPLAINT if complaint else code[:_LONGEST_WORD]
    yield DeliveryReceipt(
        dedupe_key=key,
        state=state,
        raw_status=word[:_LONGEST_WORD] or "unknown",
        delivery_id=delivery_id[:_LONGEST_WORD] or None,
        provider_message_id=f"<{message_id.strip('<> ')}>" if message_id else None,
        code=code or None,
        scope=Scope.ADDRESS if dead or complaint or code in DEAD else None,
        opted_out=opted_out,
    )
