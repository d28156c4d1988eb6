"""Merpati, an imaginary SMS provider: the whole of an adapter."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import aiohttp
import attrs
import msgspec
from treckk_gateway.channel import Capabilities, Channel, ChannelContext, Inbound, TextForm, WebhookRequest, outcome
from treckk_gateway.errors import NotTaken, PayloadError, Rejected, SignatureError
from treckk_gateway.model import (
    Address,
    DeliveryReceipt,
    DeliveryState,
    InboundMessage,
    OutboundMessage,
    Secret,
    SendResult,
)

STATES = {"sent": DeliveryState.SENT, "arrived": DeliveryState.DELIVERED, "lost": DeliveryState.FAILED}
"""Merpati's words for ours; a word it adds one day becomes `UNKNOWN`."""


@attrs.frozen(kw_only=True)
class MerpatiOptions:
    """The settings under `[channels.NAME]`; a `Secret` is written `env:NAME` or `file:PATH`."""

    token: Secret
    api_base_url: str = "https://api.merpati.example"


class MerpatiEvent(msgspec.Struct):
    """What Merpati posts: `text` comes with `from`, `status` with `ref`, which is the id we gave when sending."""

    id: str
    sender: str = msgspec.field(name="from", default="")
    text: str = ""
    status: str = ""
    ref: str = ""


class MerpatiChannel(Channel):
    """Signed JSON in, JSON out."""

    kind = "merpati"
    Options = MerpatiOptions
    kept_headers = ()

    def __init__(self, options: MerpatiOptions, context: ChannelContext) -> None:
        self.channel_id = context.channel_id
        self.capabilities = Capabilities(
            schemes=frozenset({"sms"}), form=TextForm.SMS, receipts=frozenset(STATES.values()), max_text=480
        )
        self._options = options
        self._clock = context.clock
        self._session: aiohttp.ClientSession | None = None

    def verify(self, request: WebhookRequest) -> None:
        """Merpati signs the address called, a line feed and the raw body."""
        given = (request.header("X-Merpati-Signature") or "").encode("utf-8", "replace")
        if not hmac.compare_digest(signature(self._options.token, request.url, request.body), given):
            raise SignatureError("X-Merpati-Signature is missing or does not fit")

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """One message or one receipt."""
        try:
            event = msgspec.json.decode(request.body, type=MerpatiEvent)
            if event.ref:
                state = STATES.get(event.status, DeliveryState.UNKNOWN)
                key = f"{event.ref}:{event.status}"
                return [DeliveryReceipt(dedupe_key=key, state=state, raw_status=event.status, delivery_id=event.ref)]
            sender = Address("sms", event.sender)
            return [InboundMessage(dedupe_key=event.id, message_id=event.id, sender=sender, text=event.text)]
        except (ValueError, RecursionError):
            raise PayloadError("neither a message nor a receipt of Merpati") from None

    async def open(self) -> None:
        """Keep one session for all messages."""
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """End it."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, message: OutboundMessage) -> SendResult:
        """Post it once; every way to fail becomes one of our errors."""
        if message.recipient.scheme not in self.capabilities.schemes:
            raise Rejected("address_scheme", "Merpati reaches telephones only")
        if self._session is None:
            raise NotTaken("not_open", "the channel is not open")
        body = {"to": message.recipient.value, "text": message.text, "ref": message.delivery_id}
        headers = {"Authorization": f"Bearer {self._options.token.reveal()}"}
        limit = aiohttp.ClientTimeout(total=message.timeout, connect=message.timeout / 2)
        url = f"{self._options.api_base_url}/messages"
        with outcome.exchange("Merpati"):
            async with self._session.post(
                url, json=body, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                status, told = answer.status, answer.headers
        if status // 100 != 2:
            raise outcome.from_status(status, told, now=self._clock(), where="Merpati")
        return SendResult()


def signature(token: Secret, url: str, body: bytes) -> bytes:
    """What stands in `X-Merpati-Signature`."""
    signed = url.encode("utf-8", "replace") + b"\n" + body
    return hmac.new(token.reveal().encode(), signed, hashlib.sha256).hexdigest().encode()
