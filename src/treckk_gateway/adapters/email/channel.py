"""The email channel: listener, reader, writer and sender under one contract."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from treckk_gateway.adapters.email.mailbox import CUT_HEADER, FROM_HEADER, TO_HEADER, Mailbox
from treckk_gateway.adapters.email.options import EmailOptions
from treckk_gateway.adapters.email.reading import fingerprint, read_mail
from treckk_gateway.adapters.email.webhooks import PROVIDERS, Arrived, Provider
from treckk_gateway.adapters.email.writing import write_letter
from treckk_gateway.channel import (
    Capabilities,
    Channel,
    ChannelContext,
    Deliver,
    Envelope,
    Inbound,
    ParseMode,
    Problem,
    TextForm,
    WebhookRequest,
)
from treckk_gateway.errors import ChannelError, NotTaken, PayloadError, Rejected, Scope, SendError, SignatureError
from treckk_gateway.model import Address, DeliveryReceipt, DeliveryState, InboundMessage, OutboundMessage, SendResult

if TYPE_CHECKING:
    from treckk_gateway.adapters.email.listener import Listener
    from treckk_gateway.adapters.email.sending import Sender
    from treckk_gateway.adapters.email.watching import Watcher

TOO_LARGE = "too_large"
"""What a message is called of which only the headers were taken."""

_ROUND_IT = 1024 * 1024


class EmailChannel(Channel):
    """One mailbox of the office. Mail is stored raw, acknowledged, and parsed afterwards in a bounded process.

    A pickled copy can parse; it neither listens nor sends, and holds no password.
    """

    kind: ClassVar[str] = "email"
    Options: ClassVar[type[Any]] = EmailOptions
    kept_headers: ClassVar[tuple[str, ...]] = (FROM_HEADER, TO_HEADER, CUT_HEADER, "content-type")

    def __init__(self, options: EmailOptions, context: ChannelContext) -> None:
        self.channel_id = context.channel_id
        self._options: EmailOptions | None = options
        self._clock = context.clock
        self._mailbox = Mailbox.of(options.address, options.name)
        self._entrance = options.entrance
        self._server = options.mailbox_server
        self._service = PROVIDERS[options.webhook] if options.webhook is not None else None
        self._provider = self._service(options, context) if self._service is not None else None
        self.capabilities = _capabilities(self._service)
        if self._service is not None:
            self.max_body = options.max_size * 3 // 2 + _ROUND_IT  # in base64, or in a form
        self._sender: Sender | None = None
        self._listener: Listener | None = None
        self._watcher: Watcher | None = None

    @property
    def listening(self) -> tuple[str, int] | None:
        """Host and port it listens at, `None` while it does not."""
        return self._listener.address if self._listener else None

    def verify(self, request: WebhookRequest) -> Awaitable[None] | None:
        """Posted by the mail service, by its own proof; or made by our own listener.

        Who may connect to the listener is decided by where it listens. An HTTP request bears the public address of
        the gateway, so it never passes for one of the listener's.
        """
        if self._provider is not None:
            return self._provider.verify(request)
        if self._server is not None:
            if request.method != "IMAP" or request.url != self._server.url:
                raise SignatureError("not from our own watcher")
            return None
        place = self._entrance
        ours = place is not None and request.method == place.scheme.upper() and request.url == place.url
        recipient = request.header(TO_HEADER)
        if not ours or recipient is None or request.header(FROM_HEADER) is None:
            raise SignatureError("not from our own listener")
        if not self._mailbox.owns(recipient):
            raise SignatureError("the recipient is not our mailbox")
        return None

    async def complete(self, request: WebhookRequest) -> WebhookRequest:
        """With the mail, where the service left it elsewhere."""
        return request if self._provider is None else await self._provider.complete(request)

    def envelope(self, request: WebhookRequest) -> Envelope:
        """Hash of the mail without trace headers, and who the envelope says sent it; of notices the hash of all."""
        try:
            one = next(iter(self._brought(request)), None)
        except PayloadError:
            one = None
        if not isinstance(one, Arrived):
            return super().envelope(request)
        key = fingerprint(one.raw, one.recipient or "")
        return Envelope(dedupe_key=key, sender=Address("mailto", one.sender) if one.sender else None)

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """The message and, where it is a bounce of ours, the receipt. Bounded in time and memory."""
        found = list[Inbound]()
        for one in self._brought(request):
            if isinstance(one, Arrived):
                found += read_mail(one.raw, one.sender, one.recipient or self._mailbox.address, self._mailbox)
            else:
                found.append(one)
        if request.header(CUT_HEADER) is not None:
            return [
                attrs.evolve(one, unsupported=TOO_LARGE) if isinstance(one, InboundMessage) else one for one in found
            ]
        return found

    def _brought(self, request: WebhookRequest) -> Iterable[Arrived | DeliveryReceipt]:
        if self._service is not None:
            return self._service.read(request)
        return (Arrived(raw=request.body, sender=request.header(FROM_HEADER), recipient=request.header(TO_HEADER)),)

    async def send(self, message: OutboundMessage) -> SendResult:
        """Hand one mail to the relay. The `Message-ID` is the delivery's in each attempt; a repeat may arrive twice."""
        if self._sender is None:
            raise NotTaken("closed", "the channel is not open")
        marks = self._service.marks(message.delivery_id) if self._service is not None else None
        letter = write_letter(message, self._mailbox, self._clock(), marks)
        await self._sender.send(letter, message.timeout)
        return SendResult(provider_message_id=letter.message_id, state=DeliveryState.SENT)

    async def open(self) -> None:
        """Get ready to send; connections are made when the first mail leaves."""
        self._sender = self._sender or self._new_sender()

    async def listen(self, deliver: Deliver) -> None:
        """Listen at `listen`, or watch the folder at `imap`. Raises `OSError` when the place is taken."""
        if self._server is not None:
            from treckk_gateway.adapters.email.folder import Folder  # noqa: PLC0415 an extra
            from treckk_gateway.adapters.email.watching import Watcher  # noqa: PLC0415 an extra

            self._watcher = Watcher(Folder.of(self._whole()), self.channel_id)
            await self._watcher.start(deliver)
        if self._entrance is None:
            return
        from treckk_gateway.adapters.email.listener import Listener, Tls  # noqa: PLC0415 loads aiosmtpd, only to listen

        options, tls = self._whole(), None
        if options.listen_certificate is not None and options.listen_key is not None:
            tls = Tls.load(options.listen_certificate, options.listen_key, required=options.wants_starttls)
        self._listener = Listener(self._entrance, self._mailbox, options.max_size, self.channel_id, tls=tls)
        await self._listener.start(deliver)

    async def quiet(self) -> None:
        """Take no new mail; what is being sent to us ends."""
        for one in (self._listener, self._watcher):
            if one is not None:
                await one.quiet()

    async def close(self) -> None:
        """Stop listening and take leave of the relay."""
        parts = (self._listener, self._watcher, self._sender)
        self._listener = self._watcher = self._sender = None
        for one in parts:
            if one is not None:
                await one.close()

    async def check(self) -> Sequence[Problem]:
        """Whether the relay takes us, and whether the whole internet could write to our listener."""
        found: list[Problem] = []
        if self._entrance is not None and self._entrance.public:
            remedy = "listen on loopback or a private address, behind the border server that checks senders"
            found.append(Problem(summary="the mail listener can be reached by everybody", remedy=remedy))
        if self._server is not None:
            found += await _mailbox_problems(self._whole())
        sender = self._new_sender()
        try:
            await sender.probe(self._whole().timeout)
        except SendError as problem:
            fatal = isinstance(problem, Rejected) and problem.scope is Scope.CHANNEL
            summary = f"mail cannot be sent: {problem}"
            found.append(Problem(summary=summary, remedy="check smtp, password and starttls", fatal=fatal))
        finally:
            await sender.close()
        return found

    def _new_sender(self) -> Sender:
        from treckk_gateway.adapters.email.sending import Sender  # noqa: PLC0415 loads aiosmtplib, only to send

        return Sender(self._whole(), self._mailbox.domain)

    def _whole(self) -> EmailOptions:
        if self._options is None:
            raise ChannelError("a copy made for parsing neither listens nor sends")
        return self._options

    def __getstate__(self) -> dict[str, Any]:
        kept = ("channel_id", "capabilities", "_mailbox", "_entrance", "_server", "_service")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _options=None, _clock=None, _sender=None, _provider=None)
        self.__dict__.update(_listener=None, _watcher=None)


async def _mailbox_problems(options: EmailOptions) -> list[Problem]:
    from treckk_gateway.adapters.email.folder import Folder, problem_of  # noqa: PLC0415 an extra

    problem = await problem_of(Folder.of(options))
    return [] if problem is None else [problem]


def _capabilities(service: type[Provider] | None) -> Capabilities:
    return Capabilities(
        schemes=frozenset({"mailto"}),
        webhook=service is not None,
        listens=service is None,
        parse=ParseMode.DEFERRED,
        form=TextForm.EMAIL,
        subject=True,
        threads=True,
        media_in=True,
        receipts=service.receipts if service is not None else frozenset({DeliveryState.FAILED}),
    )
