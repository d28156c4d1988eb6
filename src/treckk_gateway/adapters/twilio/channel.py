"""A WhatsApp number or an SMS sender at Twilio, as a channel."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from treckk_gateway.adapters.twilio import form, inbound
from treckk_gateway.adapters.twilio.content import Content
from treckk_gateway.adapters.twilio.options import LONGEST_TEXT, SenderKind, TwilioOptions, basic, capabilities
from treckk_gateway.adapters.twilio.signature import Verifier
from treckk_gateway.channel import (
    Accepted,
    Channel,
    ChannelContext,
    Envelope,
    Inbound,
    MediaSource,
    Problem,
    TemplateTable,
    Turn,
    WebhookRequest,
    WebhookResponse,
    segments,
)
from treckk_gateway.errors import NotTaken, PayloadError, Rejected, Scope, SendError, WindowClosed
from treckk_gateway.model import Address, Instant, OutboundMessage, SendResult

if TYPE_CHECKING:
    from treckk_gateway.adapters.twilio.sending import Rest

# Any text in the answer would be sent to the citizen as a reply without an id, a receipt or our opt-out rules.
_MEDIA_HOSTS = ("twiliocdn.com", "s3-external-1.amazonaws.com")
"""Where Twilio keeps files, and needs no login (twilio-whatsapp-sms reference, 14)."""
_NOTHING_TO_SAY = WebhookResponse(200, b'<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml")
_MEDIA_PATH = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}/Media/ME[0-9a-fA-F]{32}")


class TwilioChannel(Channel):
    """One sender of one Twilio account: what people write to it, what became of our messages, and sending.

    A text is one message of Twilio's or none: one that is longer than 1600 characters is refused with
    `Rejected("text_too_long")`, since cutting loses words and two messages in one attempt cannot both be taken or both
    not. (SMS segments are no such parts: the network joins them.) Whoever words the text keeps to
    `capabilities.max_text`.
    """

    kind: ClassVar[str] = "twilio"
    Options: ClassVar[type[Any]] = TwilioOptions
    kept_headers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, options: TwilioOptions, context: ChannelContext) -> None:
        self.channel_id = context.channel_id
        self.capabilities = capabilities(options)
        self._options = options
        self._context = context
        self._sender_kind = SenderKind.of(options.sender)
        self._verifier = Verifier(
            tokens=tuple(token.reveal().encode() for token in options.auth_token),
            shared_keys=options.keyring(),
            shared_keys_only=options.shared_keys_only,
        )
        self._open = False
        self._rest: Rest | None = None
        self._loading = asyncio.Lock()

    def verify(self, request: WebhookRequest) -> None:
        """Raise `SignatureError` unless Twilio signed these bytes for this address with a key of ours."""
        self._verifier.check(request)

    def glance(self, request: WebhookRequest) -> Envelope | None:
        """Key and sender of a plain incoming message; statuses and whatever is odd are left to `parse`."""
        return inbound.glance(request, self._verifier.layouts.recognize(request.body))

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """The message or the status the request holds. Raises `PayloadError` when it names neither."""
        return inbound.read(request)

    def acknowledge(self, request: WebhookRequest, accepted: Accepted) -> WebhookResponse:  # noqa: ARG002 always the same
        """An empty TwiML document, whatever became of it."""
        return _NOTHING_TO_SAY

    async def send(self, message: OutboundMessage) -> SendResult:
        """Send the text, or its template, as one message; Twilio calls back with our delivery id in the address.

        Where Twilio refuses a content that offers choices, nothing was sent, and the words leave without it.
        """
        to, content = self._to(message.recipient), self._content(message)
        call = partial(
            (await self._loaded()).create,
            to=to,
            status_callback=self._callback(message.delivery_id),
            within=self._limit(message.timeout),
        )
        try:
            return await call(content=content)
        except WindowClosed:
            raise
        except Rejected as refusal:
            if content.plain is None or refusal.scope is not Scope.MESSAGE:
                raise
            return await call(content=content.plain)

    async def lookup(self, message: OutboundMessage, since: Instant) -> SendResult | None:
        """What Twilio has of an attempt begun at `since`: creating has no idempotency key, so by recipient and text.

        Raises a `SendError` when Twilio cannot say now; `None` only says it was asked and has none.
        """
        to, content = self._to(message.recipient), self._content(message)
        rest = await self._loaded()
        return await rest.find(to=to, content=content, since=since, within=self._limit(message.timeout))

    async def recent(self, since: Instant, until: Instant, turn: Turn) -> Sequence[WebhookRequest]:
        """What people wrote to the sender, by Twilio's list; dates there are whole seconds."""
        rest = await self._loaded()
        listed = await rest.received(since, until, turn, self._options.timeout)
        return [one.request(self._context.webhook_url) for one in listed]

    async def open(self) -> None:
        """Allow sending. The session and Twilio's package come with the first call, so that starting stays quick."""
        self._open = True

    async def close(self) -> None:
        """Close the HTTP session; what is sent later is `NotTaken`."""
        self._open = False
        rest, self._rest = self._rest, None
        if rest is not None:
            await rest.close()

    def media_source(self, ref: str) -> MediaSource:
        """Where a file lies: at Twilio, in our account. Only Twilio's API host may see the credentials.

        It answers 307 to a host that needs none. Raises `PayloadError` for any other place, so that a forged address
        never gets our credentials.
        """
        base = self._options.api_base_url
        place = f"{base}/2010-04-01/Accounts/{self._options.account_sid}/Messages/"
        if not ref.startswith(place) or not _MEDIA_PATH.fullmatch(ref.removeprefix(place)):
            raise PayloadError("the file does not lie in our account at Twilio")
        headers = {"Authorization": basic(self._options.account_sid, self._options.auth_token[0].reveal())}
        return MediaSource(
            url=ref,
            headers=headers,
            hosts=(urlsplit(base).hostname or "",),
            redirects=_MEDIA_HOSTS,
            origin=base,
            erasable=True,
        )

    async def check(self) -> Sequence[Problem]:
        """Ask Twilio for the account; look at our own address as Twilio will."""
        was_open = self._open
        await self.open()
        try:
            found = await self._account_problems()
        finally:
            if not was_open:
                await self.close()
        return (*found, *self._address_problems())

    async def _account_problems(self) -> list[Problem]:
        try:
            status, kind = await (await self._loaded()).account(self._options.timeout)
        except Rejected as refusal:
            summary = f"Twilio does not accept account_sid and auth_token ({refusal.code})"
            return [
                Problem(summary=summary, remedy="Copy both from the Twilio console, account dashboard.", fatal=True)
            ]
        except SendError as trouble:
            summary = f"Twilio's API cannot be asked ({trouble.code})"
            return [
                Problem(summary=summary, remedy="Check api_base_url and that the machine may open HTTPS connections.")
            ]
        if status != "active":
            summary = "The Twilio account is not active"
            return [Problem(summary=summary, remedy="See the notices in the Twilio console.", fatal=True)]
        if kind == "Trial":
            summary = "The Twilio account is a trial: it sends only to numbers verified in its console"
            return [Problem(summary=summary, remedy="Upgrade the account before the public uses it.")]
        return []

    def _address_problems(self) -> list[Problem]:
        found = []
        parts = urlsplit(self._context.webhook_url)
        host = parts.hostname or ""
        if "_" in host or (parts.scheme != "https" and host not in {"127.0.0.1", "::1", "localhost"}):
            summary = "Twilio needs to call public_url over https, at a host name without an underscore"
            found.append(Problem(summary=summary, remedy="Change public_url in [gateway]."))
        if (
            self.capabilities.inbound
            and self._sender_kind is SenderKind.NUMBER
            and self._options.sender.startswith("+62")
        ):
            summary = "Twilio carries no SMS from Indonesia: nobody can write to this sender"
            found.append(Problem(summary=summary, remedy="Take SMS in over a local gateway and drop inbound here."))
        return found

    def _to(self, recipient: Address) -> str:
        if recipient.scheme not in self.capabilities.schemes:
            raise Rejected("address_scheme", "this sender does not reach addresses of that kind")
        if not recipient.value.isprintable():
            raise Rejected("bad_address", "the address holds what cannot be written", scope=Scope.ADDRESS)
        return recipient.value if recipient.scheme == "sms" else recipient.text

    @property
    def templates(self) -> TemplateTable:
        """The approved contents of the settings."""
        return self._options.templates

    def _content(self, message: OutboundMessage) -> Content:
        if message.template is not None:
            return Content(sid=message.template.name, variables=message.template.parameters)
        body = self._body(message.text)
        return self._options.choices.content(body, message.choices) or Content(body=body)

    def _body(self, text: str) -> str:
        body = form.clean(text).strip()
        if self.capabilities.segments:
            body = segments.plain(body)
        if not body:
            raise Rejected("empty_text", "there is nothing to send")
        if len(body) > LONGEST_TEXT:
            raise Rejected("text_too_long", f"the text is longer than {LONGEST_TEXT} characters")
        return body

    def _callback(self, delivery_id: str) -> str:
        url = self._context.webhook_url
        return f"{url}{'&' if '?' in url else '?'}{inbound.DELIVERY}={quote(delivery_id, safe='')}"

    def _limit(self, timeout: float) -> float:
        return min(timeout, self._options.timeout)

    async def _loaded(self) -> Rest:
        """The REST client, made at the first call."""
        if not self._open:
            raise NotTaken("closed", "the channel is not open")
        if self._rest is not None:
            return self._rest
        async with self._loading:
            if self._rest is None:
                sending = await _package()
                self._rest = sending.Rest(
                    account_sid=self._options.account_sid,
                    token=self._options.auth_token[0].reveal(),
                    sender=self._options.sender,
                    base_url=self._options.api_base_url,
                    clock=self._context.clock,
                )
            return self._rest


async def _package() -> Any:  # noqa: ANN401 a module
    """Import what needs Twilio's package, in a thread of our own: it takes a quarter of a second."""
    loader = ThreadPoolExecutor(1)
    try:
        name = "treckk_gateway.adapters.twilio.sending"
        return await asyncio.get_running_loop().run_in_executor(loader, import_module, name)
    finally:
        loader.shutdown(wait=False)
