"""A channel without a provider: what it is sent stays in memory, what it fails with is scripted."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import attrs
import msgspec

from treckk_gateway.channel import (
    Accepted,
    Capabilities,
    Channel,
    ChannelContext,
    Inbound,
    WebhookRequest,
    WebhookResponse,
)
from treckk_gateway.errors import NotTaken, PayloadError, Rejected, Scope, SendError, SignatureError, Uncertain
from treckk_gateway.model import (
    Address,
    DeliveryReceipt,
    DeliveryState,
    InboundMessage,
    OutboundMessage,
    Secret,
    SendResult,
)
from treckk_gateway.testing.stand_in import RETRY_AFTER, Fault

SIGNATURE_HEADER = "X-Memory-Signature"

_STATES = {"sent": DeliveryState.SENT, "delivered": DeliveryState.DELIVERED, "failed": DeliveryState.FAILED}
_FAULTS: dict[Fault, Callable[[], SendError]] = {
    Fault.REFUSED: lambda: NotTaken("memory_refused", "played"),
    Fault.BUSY: lambda: NotTaken("memory_busy", "played", after=float(RETRY_AFTER)),
    Fault.BROKEN: lambda: Uncertain("memory_broken", "played"),
    Fault.SILENT: lambda: Uncertain("memory_silent", "played"),
    Fault.DROPPED: lambda: Uncertain("memory_dropped", "played"),
    Fault.REJECTED: lambda: Rejected("memory_rejected", "played"),
    Fault.DENIED: lambda: Rejected("memory_denied", "played", scope=Scope.CHANNEL),
    Fault.GONE: lambda: Rejected("memory_gone", "played", scope=Scope.CHANNEL),
}
_CLAIMS = Capabilities(
    schemes=frozenset({"memory"}), receipts=frozenset(_STATES.values()), idempotent_send=True, rate=1000.0, burst=1000
)


@attrs.frozen(kw_only=True)
class MemoryOptions:
    """The secret a webhook is signed with."""

    secret: Secret


class MemoryChannel(Channel):
    """An honest channel for tests and examples: it verifies, parses and answers like a real one, and sends nowhere.

    A webhook is JSON, `{"id", "from", "text"}` for a message (`from` is an address such as `memory:budi`) and
    `{"id", "delivery_id", "status"}` for a receipt, signed over address and body with HMAC-SHA256 (hexadecimal) in
    `X-Memory-Signature`; `signed` makes one. `tried` holds every message `send` was given, `sent` those that were
    taken, oldest first; a repeat of a delivery id is tried again but sent once. `fail` scripts single errors; it is
    also its own `StandIn`, and what is played stays.
    """

    kind: ClassVar[str] = "memory"
    Options: ClassVar[type[MemoryOptions]] = MemoryOptions
    kept_headers: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, options: MemoryOptions, context: ChannelContext, *, capabilities: Capabilities = _CLAIMS
    ) -> None:
        self.channel_id = context.channel_id
        self.capabilities = capabilities
        self.tried: list[OutboundMessage] = []
        self.sent: list[OutboundMessage] = []
        self._url = context.webhook_url
        self._secret = options.secret.reveal().encode()
        self._failures: deque[SendError] = deque()
        self._fault: Fault | SendError | None = None
        self._before = 0
        self._changed = asyncio.Condition()

    @classmethod
    def named(cls, channel_id: str = "memory", *, capabilities: Capabilities = _CLAIMS) -> Self:
        """One that needs no settings; `capabilities` lets it claim other limits, such as a reply window."""
        context = ChannelContext(
            channel_id=channel_id, webhook_url=f"https://gateway.example.org/channels/{channel_id}"
        )
        return cls(MemoryOptions(secret=Secret("memory-secret")), context, capabilities=capabilities)

    def signed(self, body: bytes | dict[str, Any]) -> WebhookRequest:
        """A genuine webhook with these bytes, or this object as JSON."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return WebhookRequest.of("POST", self._url, {SIGNATURE_HEADER: self._signature(self._url, raw)}, raw)

    def fail(self, *errors: SendError) -> None:
        """Let the next sends fail with these, one each, in this order."""
        self._failures.extend(errors)

    async def play(self, fault: Fault | SendError | None) -> None:
        """Behave like a provider with this fault, or fail so; `None` is well, as are `MOVED` and `GARBAGE`."""
        self._fault, self._before = fault, len(self.tried)

    async def reached(self) -> None:
        """Return once `send` was given a message since the last `play`."""
        await self.arrived(self._before + 1)

    async def arrived(self, count: int) -> None:
        """Return once `send` was given `count` messages in all."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.tried) >= count)

    def saw(self, text: str) -> int:
        """How many messages given to `send` have this delivery id, or this in their text."""
        return sum(text == one.delivery_id or text in one.text for one in self.tried)

    def verify(self, request: WebhookRequest) -> None:
        """Compare the signature over the address called and the raw body."""
        given = (request.header(SIGNATURE_HEADER) or "").encode("utf-8", "replace")
        if not hmac.compare_digest(self._signature(request.url, request.body).encode(), given):
            raise SignatureError(f"{SIGNATURE_HEADER} is missing or does not fit")

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """One message or one receipt."""
        try:
            tree = msgspec.json.decode(request.body)
        except (ValueError, RecursionError):
            raise PayloadError("the body is not JSON") from None
        if not isinstance(tree, dict) or not _text(tree, "id"):
            raise PayloadError("there is no object with an id")
        return (_receipt(tree) if "status" in tree else _message(tree),)

    def acknowledge(self, request: WebhookRequest, accepted: Accepted) -> WebhookResponse:  # noqa: ARG002 the contract's
        """204, whatever became of it."""
        return WebhookResponse(204)

    async def send(self, message: OutboundMessage) -> SendResult:
        """Keep the message, or fail as scripted."""
        if message.recipient.scheme not in self.capabilities.schemes:
            raise Rejected("memory_address", "addresses of that kind are not reached")
        async with self._changed:
            self.tried.append(message)
            self._changed.notify_all()
        if self._fault is Fault.SILENT:
            await asyncio.sleep(message.timeout)
        if isinstance(self._fault, SendError):
            raise self._fault
        if self._fault in _FAULTS:
            error = _FAULTS[self._fault]()
            raise error
        if self._failures:
            raise self._failures.popleft()
        if all(one.delivery_id != message.delivery_id for one in self.sent):
            self.sent.append(message)
        return SendResult(provider_message_id=f"memory-{message.delivery_id}")

    def _signature(self, url: str, body: bytes) -> str:
        return hmac.new(self._secret, url.encode("utf-8", "replace") + b"\n" + body, hashlib.sha256).hexdigest()


def _message(tree: dict[str, Any]) -> InboundMessage:
    try:
        sender = Address.parse(_text(tree, "from"))
    except ValueError:
        raise PayloadError("from is not an address") from None
    kind = _text(tree, "kind")
    return InboundMessage(
        dedupe_key=_text(tree, "id"), sender=sender, text=_text(tree, "text"), unsupported=kind or None
    )


def _receipt(tree: dict[str, Any]) -> DeliveryReceipt:
    status, delivery_id = _text(tree, "status"), _text(tree, "delivery_id")
    if not delivery_id:
        raise PayloadError("a receipt names no delivery_id")
    return DeliveryReceipt(
        dedupe_key=f"{_text(tree, 'id')}:{status}",
        state=_STATES.get(status, DeliveryState.UNKNOWN),
        raw_status=status,
        delivery_id=delivery_id,
    )


def _text(tree: dict[str, Any], name: str) -> str:
    found = tree.get(name)
    return found.strip() if isinstance(found, str) else ""
