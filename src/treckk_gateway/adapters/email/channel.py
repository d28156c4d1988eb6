"""The email channel: listener, reader, writer and sender under one contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from treckk_gateway.adapters.email.mailbox import FROM_HEADER, TO_HEADER, Mailbox
from treckk_gateway.adapters.email.options import EmailOptions
from treckk_gateway.adapters.email.reading import fingerprint, read_mail
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
from treckk_gateway.errors import ChannelError, NotTaken, Rejected, Scope, SendError, SignatureError
from treckk_gateway.model import Address, DeliveryState, OutboundMessage, SendResult

if TYPE_CHECKING:
    from treckk_gateway.adapters.email.listener import Listener
    from treckk_gateway.adapters.email.sending import Sender


class EmailChannel(Channel):
    """One mailbox of the office. Mail is stored raw, acknowledged, and parsed afterwards in a bounded process.

    A pickled copy can verify and parse; it neither listens nor sends, and holds no password.
    """

    kind: ClassVar[str] = "email"
    Options: ClassVar[type[Any]] = EmailOptions
    kept_headers: ClassVar[tuple[str, ...]] = (FROM_HEADER, TO_HEADER)
    capabilities = Capabilities(
        schemes=frozenset({"mailto"}),
        webhook=False,
        listens=True,
        parse=ParseMode.DEFERRED,
        form=TextForm.EMAIL,
        subject=True,
        threads=True,
        media_in=True,
        receipts=frozenset({DeliveryState.FAILED}),
    )

    def __init__(self, options: EmailOptions, context: ChannelContext) -> None:
        self.channel_id = context.channel_id
        self._options: EmailOptions | None = options
        self._clock = context.clock
        self._mailbox = Mailbox.of(options.address, options.name)
        self._entrance = options.entrance
        self._sender: Sender | None = None
        self._listener: Listener | None = None

    @property
    def listening(self) -> tuple[str, int] | None:
        """Host and port it listens at, `None` while it does not."""
        return self._listener.address if self._listener else None

    def verify(self, request: WebhookRequest) -> None:
        """Only our own listener makes such requests: its protocol, its address, a recipient that is ours.

        Who may connect to the listener is decided by where it listens. An HTTP request bears the public address of
        the gateway, so it never passes.
        """
        ours = request.method == self._entrance.scheme.upper() and request.url == self._entrance.url
        recipient = request.header(TO_HEADER)
        if not ours or recipient is None or request.header(FROM_HEADER) is None:
            raise SignatureError("not from our own listener")
        if not self._mailbox.owns(recipient):
            raise SignatureError("the recipient is not our mailbox")

    def envelope(self, request: WebhookRequest) -> Envelope:
        """Hash of the mail without trace headers, and who the envelope says sent it."""
        key = fingerprint(request.body, request.header(TO_HEADER) or "")
        sender = request.header(FROM_HEADER)
        return Envelope(dedupe_key=key, sender=Address("mailto", sender) if sender else None)

    def parse(self, request: WebhookRequest) -> Sequence[Inbound]:
        """The message and, where it is a bounce of ours, the receipt. Bounded in time and memory."""
        recipient = request.header(TO_HEADER) or self._mailbox.address
        return read_mail(request.body, request.header(FROM_HEADER), recipient, self._mailbox)

    async def send(self, message: OutboundMessage) -> SendResult:
        """Hand one mail to the relay. The `Message-ID` is the delivery's in each attempt; a repeat may arrive twice."""
        if self._sender is None:
            raise NotTaken("closed", "the channel is not open")
        letter = write_letter(message, self._mailbox, self._clock())
        await self._sender.send(letter, message.timeout)
        return SendResult(provider_message_id=letter.message_id, state=DeliveryState.SENT)

    async def open(self) -> None:
        """Get ready to send; connections are made when the first mail leaves."""
        self._sender = self._sender or self._new_sender()

    async def listen(self, deliver: Deliver) -> None:
        """Listen at `listen`. Raises `OSError` when the place is taken."""
        from treckk_gateway.adapters.email.listener import Listener  # noqa: PLC0415 loads aiosmtpd, only to listen

        options = self._whole()
        self._listener = Listener(self._entrance, self._mailbox, options.max_size, self.channel_id)
        await self._listener.start(deliver)

    async def quiet(self) -> None:
        """Take no new mail; what is being sent to us ends."""
        if self._listener is not None:
            await self._listener.quiet()

    async def close(self) -> None:
        """Stop listening and take leave of the relay."""
        listener, self._listener = self._listener, None
        sender, self._sender = self._sender, None
        if listener is not None:
            await listener.close()
        if sender is not None:
            await sender.close()

    async def check(self) -> Sequence[Problem]:
        """Whether the relay takes us, and whether the whole internet could write to our listener."""
        found: list[Problem] = []
        if self._entrance.public:
            remedy = "listen on loopback or a private address, behind the border server that checks senders"
            found.append(Problem(summary="the mail listener can be reached by everybody", remedy=remedy))
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
        return {"channel_id": self.channel_id, "_mailbox": self._mailbox, "_entrance": self._entrance}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _options=None, _clock=None, _sender=None, _listener=None)
