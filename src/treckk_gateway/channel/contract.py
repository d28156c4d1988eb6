"""The adapter contract: what a channel must be, what it may be, and nothing of the server or the store.

Two attributes and three methods are required. An adapter returns values; it is never handed the gateway.
"""

from __future__ import annotations

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import attrs

from treckk_gateway.channel.capabilities import Capabilities
from treckk_gateway.channel.templates import TemplateTable
from treckk_gateway.channel.webhook import WebhookRequest, WebhookResponse
from treckk_gateway.errors import MediaUnavailable
from treckk_gateway.model import Address, DeliveryReceipt, InboundMessage, Instant, OutboundMessage, SendResult

Inbound = InboundMessage | DeliveryReceipt
Turn = Callable[[], Awaitable[None]]
Deliver = Callable[[WebhookRequest], Awaitable[WebhookResponse]]
Fetch = Callable[["MediaSource", int], Awaitable[bytes]]
"""Gets what lies elsewhere, at most so many bytes of it, hardened. Raises `MediaError`."""


async def _no_fetch(_source: MediaSource, _most: int) -> bytes:
    raise MediaUnavailable("nothing can be fetched here")


@attrs.frozen(kw_only=True)
class ChannelContext:
    """What a configured channel may know of its surroundings.

    `webhook_url` is its public address, `clock` gives seconds since the epoch. `fetch` is for what a request needs
    before it can be checked or kept: a certificate, a mail that its provider left elsewhere.
    """

    channel_id: str
    webhook_url: str
    clock: Callable[[], float] = time.time
    fetch: Fetch = _no_fetch


@attrs.frozen
class NoOptions:
    """For adapters that need no settings."""


@attrs.frozen(kw_only=True)
class Accepted:
    """What was done with a verified request: how many items are new, already known, or parked and why."""

    new: int = 0
    duplicate: int = 0
    parked: str | None = None


@attrs.frozen(kw_only=True)
class Envelope:
    """What a channel can say of raw bytes without parsing them: the dedupe key and the claimed sender."""

    dedupe_key: str
    sender: Address | None = None


class Channel(ABC):
    """One configured way in and out. Order of a request: `verify`, `parse`, commit, `acknowledge`."""

    kind: ClassVar[str]
    """The adapter's name, as written in `adapter = "..."`."""
    Options: ClassVar[type[Any]] = NoOptions
    """An attrs class of the settings under `[channels.NAME]`; `Secret` fields are read from `env:` or `file:`."""
    kept_headers: ClassVar[tuple[str, ...]] = ("content-type",)
    """The headers `parse` reads; only these are stored with the raw body."""

    capabilities: Capabilities
    channel_id: str
    max_body: int = 0
    """Bytes a request of this channel's provider may have, where that is more than `[gateway]` allows."""

    @abstractmethod
    def verify(self, request: WebhookRequest) -> Awaitable[None] | None:
        """Raise `SignatureError` unless the request is shown to be the provider's. There is no default.

        May be a coroutine function (a certificate to fetch). Checks raw bytes, never logs what was signed. Raises
        `MediaUnavailable` when it cannot be told now: the provider is asked to come again. Large bodies are verified
        and parsed by a thread, one after the other, while the loop does so with others: what it remembers needs a lock.
        """

    @abstractmethod
    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """What the request says: none, one or several items, each with its dedupe key. Pure and synchronous.

        An unknown word of the provider becomes `UNKNOWN` or `unsupported`; `PayloadError` is for nonsense only.
        """

    @abstractmethod
    async def send(self, message: OutboundMessage) -> SendResult:
        """Try once, within `message.timeout` seconds. Raises a `SendError` that carries the retry decision."""

    @classmethod
    def from_settings(cls, options: Any, context: ChannelContext) -> Self:  # noqa: ANN401 an instance of cls.Options
        """Build the configured channel; `options` is an instance of `Options`. Does no I/O."""
        return cls(options, context)  # type: ignore[call-arg]

    def envelope(self, request: WebhookRequest) -> Envelope:
        """For deferred channels, before any parsing: by default the key is the hash of the raw bytes."""
        return Envelope(dedupe_key=hashlib.sha256(request.body).hexdigest())

    def acknowledge(self, request: WebhookRequest, accepted: Accepted) -> WebhookResponse:  # noqa: ARG002
        """The answer the provider expects after the commit; also the place of a subscription challenge."""
        return WebhookResponse()

    async def open(self) -> None:  # noqa: B027 a default, not a duty
        """Acquire what sending needs: a session, a pool."""

    async def close(self) -> None:  # noqa: B027 a default, not a duty
        """Give it back."""


@runtime_checkable
class Glancing(Protocol):
    """For inline channels that know a plain message sooner than `parse` reads it: the answer goes out sooner."""

    def glance(self, request: WebhookRequest) -> Envelope | None:
        """Key and sender of a verified request in which `parse` would find one message and no `claimed_at`.

        Pure, never raises. `None` for everything else, and whenever in doubt: then `parse` is asked.
        """


@runtime_checkable
class Completing(Protocol):
    """For channels whose provider sends a part only: the rest lies elsewhere, or a handshake is wanted."""

    async def complete(self, request: WebhookRequest) -> WebhookRequest:
        """A verified request as it is to be kept and parsed; mostly the same.

        Raises `MediaError` when the rest cannot be had: nothing is kept and the provider is asked to come again.
        """


@runtime_checkable
class Listening(Protocol):
    """For channels that listen or pull (LMTP, IMAP)."""

    async def listen(self, deliver: Deliver) -> None:
        """Start listening and return; hand each request to `deliver`, which answers after the commit.

        `deliver` raises `StoreBusy` or `StoreUnavailable` when nothing was kept: tell the peer to come again.
        """

    async def quiet(self) -> None:
        """Stop taking anything new; what is under way ends."""


@attrs.frozen(kw_only=True)
class MediaSource:
    """Where a file lies, with which headers, and which hosts may be asked. Hosts are suffixes without a dot.

    `headers` (credentials) go to `url` itself and nowhere else; `redirects` are further hosts it may be passed on to.
    `origin` is the operator's own address of the provider, which may be plain http and private. `erasable` says that
    a DELETE with the same headers removes the provider's copy. `then` is for providers whose `url` answers where the
    file lies: pure, it reads that answer, and raises `PayloadError` when it does not say.
    """

    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    hosts: tuple[str, ...] = ()
    redirects: tuple[str, ...] = ()
    origin: str | None = None
    erasable: bool = False
    then: Callable[[bytes], MediaSource] | None = None


@runtime_checkable
class MediaHolding(Protocol):
    """For channels whose files are fetched after the commit. Pure: the gateway downloads, hardened."""

    def media_source(self, ref: str) -> MediaSource:
        """Where the file that `ref` names can be fetched."""


@runtime_checkable
class Templating(Protocol):
    """For channels whose provider lets only texts it approved pass outside the reply window.

    The gateway chooses one when the message leaves and puts it, filled, into `OutboundMessage.template`.
    """

    @property
    def templates(self) -> TemplateTable:
        """What is configured: by the name of the update, then by language."""


@attrs.frozen(kw_only=True)
class Problem:
    """Something an operator should mend: `summary` says what, `remedy` what to do. `fatal` stops the channel."""

    summary: str
    remedy: str
    fatal: bool = False


@runtime_checkable
class Checking(Protocol):
    """For channels that can check their own set-up: asked by `treckk doctor`."""

    async def check(self) -> Sequence[Problem]:
        """What is wrong with credentials, sender or templates; empty when all is well."""


@runtime_checkable
class LookingUp(Protocol):
    """For channels that can say what became of a send whose outcome is uncertain."""

    async def lookup(self, message: OutboundMessage, since: Instant) -> SendResult | None:
        """The result of the attempt begun at `since` (microseconds) if the provider has it, `None` if it has not."""


@runtime_checkable
class Recovering(Protocol):
    """For channels that can list messages whose webhook never came: asked each `capabilities.recover_every` seconds."""

    async def recent(self, since: Instant, until: Instant, turn: Turn) -> Sequence[WebhookRequest]:
        """What people wrote between the two moments, the oldest first: as `parse` takes it, with the same dedupe keys.

        `turn` is awaited before each call to the provider: it keeps the calls within the channel's rate. Raises a
        `SendError` when the provider cannot say now.
        """
