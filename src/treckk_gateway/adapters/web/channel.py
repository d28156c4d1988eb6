"""The web channel: its settings and the contract's methods."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlsplit

import aiohttp
import attrs
import msgspec

from treckk_gateway.adapters.web import callback, payload
from treckk_gateway.channel import (
    Accepted,
    Capabilities,
    Channel,
    ChannelContext,
    Inbound,
    MediaSource,
    Problem,
    WebhookRequest,
    WebhookResponse,
    standard_webhooks,
)
from treckk_gateway.errors import NotTaken, Rejected, Scope, SignatureError
from treckk_gateway.model import OutboundMessage, Secret, SendResult

_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_CHECK_SECONDS = 5.0
_SHORTEST = 0.05  # aiohttp takes a time of zero for no limit


def _usable_secrets(_: object, __: object, secrets: tuple[Secret, ...]) -> None:
    if not secrets:
        raise ValueError("secret: at least one is needed")
    for one in secrets:
        standard_webhooks.key(one.reveal())


def _usable_url(_: object, __: object, url: str | None) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"https", "http"} and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("callback_url: an http(s) address with a host and without credentials is needed")


def _host_names(_: object, __: object, hosts: tuple[str, ...]) -> None:
    if not all(_HOST.fullmatch(one) for one in hosts):
        raise ValueError("media_hosts: names of hosts in lower case, such as files.portal.example.org")


@attrs.frozen(kw_only=True)
class WebOptions:
    """Settings of a web channel.

    `secret`: one or, while it is being changed, several (`whsec_...`); each is accepted, and callbacks carry a
    signature by each. `callback_url`: where our answers go; without it the channel only takes in. `tolerance`: how
    many seconds a webhook's timestamp may differ from our clock. `timeout`: the longest one callback may take, in
    seconds. `media_hosts`: hosts that files named by an address are fetched from; none are without it.
    """

    secret: tuple[Secret, ...] = attrs.field(validator=_usable_secrets)
    callback_url: str | None = attrs.field(default=None, validator=_usable_url)
    tolerance: float = attrs.field(default=standard_webhooks.TOLERANCE, validator=attrs.validators.gt(0))
    timeout: float = attrs.field(default=20.0, validator=attrs.validators.gt(0))
    media_hosts: tuple[str, ...] = attrs.field(default=(), validator=_host_names)


class WebChannel(Channel):
    """Standard Webhooks in, signed callbacks to `callback_url` out.

    What it sends can be repeated: `webhook-id` is the delivery id, and a receiver of Standard Webhooks takes an id
    once. The recipient's `value` goes out as `conversation_id`.
    """

    kind: ClassVar[str] = "web"
    Options: ClassVar[type[WebOptions]] = WebOptions
    kept_headers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, options: WebOptions, context: ChannelContext) -> None:
        self.channel_id = context.channel_id
        self.capabilities = Capabilities(
            schemes=frozenset({"web"}),
            outbound=options.callback_url is not None,
            media_in=True,
            location=True,
            choices=callback.MOST_CHOICES if options.callback_url is not None else 0,
            rate=20.0,
            burst=20,
            idempotent_send=True,
        )
        self._options = options
        self._context = context
        self._keys = tuple(standard_webhooks.key(one.reveal()) for one in options.secret)
        self._session: aiohttp.ClientSession | None = None

    def verify(self, request: WebhookRequest) -> None:
        """Check the address and the signature.

        Standard Webhooks sign no address, so what the address says is not vouched for: a query that is not in our own
        is refused, and so is a webhook addressed to another channel. A portal may take them at a path of its own.
        """
        if request.method != "POST":
            raise SignatureError("Standard Webhooks are posted")
        if _addressed_elsewhere(request.url, self._context.webhook_url):
            raise SignatureError("the address called is another channel's, or carries a query")
        now = self._context.clock()
        standard_webhooks.verify(self._keys, request, now=now, tolerance=self._options.tolerance)

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """One webhook is one message; see `payload.read_message`."""
        return (payload.read_message(request.body),)

    def acknowledge(self, request: WebhookRequest, accepted: Accepted) -> WebhookResponse:  # noqa: ARG002 the contract's
        """`{"status": "accepted"}`, for a duplicate as for the first; `"parked"` with the reason for staff to mend."""
        told = {"status": "parked", "reason": accepted.parked} if accepted.parked else {"status": "accepted"}
        return WebhookResponse(200, msgspec.json.encode(told), "application/json")

    async def open(self) -> None:
        """Start our own HTTP session: no cookies, no proxies of the environment."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=20), cookie_jar=aiohttp.DummyCookieJar()
            )

    async def close(self) -> None:
        """End the session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, message: OutboundMessage) -> SendResult:
        """Post one signed callback."""
        url = self._options.callback_url
        if url is None:
            raise Rejected("no_callback_url", "this channel only takes in", scope=Scope.CHANNEL)
        if message.recipient.scheme not in self.capabilities.schemes:
            raise Rejected("address_scheme", "a portal knows its own conversations only")
        if self._session is None:
            raise NotTaken("not_open", "the channel is not open")
        now = self._context.clock()
        body = callback.write(message, now)
        signed = callback.headers(self._keys, message, now, body)
        seconds = max(min(message.timeout, self._options.timeout), _SHORTEST)
        await callback.post(self._session, url, body, signed, seconds=seconds, now=now)
        return SendResult()

    def media_source(self, ref: str) -> MediaSource:
        """A file's own address, which comes from a message: only `media_hosts` are asked, without any credentials."""
        return MediaSource(url=ref, hosts=self._options.media_hosts, redirects=self._options.media_hosts)

    async def check(self) -> Sequence[Problem]:
        """Whether the portal's address is set, safe and answers; nothing is posted."""
        url = self._options.callback_url
        if url is None:
            return [Problem(summary="no callback_url is set", remedy="set it, or nobody on this channel hears back")]
        found = []
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
            found.append(Problem(summary="callback_url is not encrypted", remedy="use https"))
        if not await _reachable(parts.hostname or "", parts.port, encrypted=parts.scheme == "https"):
            found.append(Problem(summary="callback_url cannot be reached", remedy="check host, port, certificate"))
        return found


def _addressed_elsewhere(url: str, ours: str) -> bool:
    called, own = urlsplit(url), urlsplit(ours)
    folder, _, name = called.path.rpartition("/")
    own_folder, _, own_name = own.path.rpartition("/")
    return called.query != own.query or (folder.endswith(own_folder) and name != own_name)


async def _reachable(host: str, port: int | None, *, encrypted: bool) -> bool:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            _, writer = await asyncio.open_connection(host, port or (443 if encrypted else 80), ssl=encrypted or None)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True
