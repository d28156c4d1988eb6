"""Mail in over LMTP or SMTP from our own border server, in the loop that runs, without a thread.

A peer hears 250 only after the mail was stored; on any trouble it hears 451, keeps the mail and comes again, which
makes this the surest way in of all channels. One recipient for each transaction, since aiosmtpd's LMTP gives a single
answer after the text where RFC 2033 wants one for each recipient.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, cast

import attrs
import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from treckk_gateway.adapters.email.endpoints import Endpoint
from treckk_gateway.adapters.email.hush import Hush
from treckk_gateway.adapters.email.mailbox import FROM_HEADER, TO_HEADER, Mailbox
from treckk_gateway.channel import Deliver, WebhookRequest
from treckk_gateway.errors import ChannelError, StoreBusy, StoreUnavailable

SESSIONS = 30
"""Connections at once; further ones are told to come again."""
SILENCE = 120.0
"""Seconds a peer may say nothing."""
SLOWEST = 600.0
"""Seconds the text of one mail may take, however it drips (RFC 5321, 4.5.3.2.6 has senders wait as long)."""
GRACE = 5.0
"""Seconds that mails under way are given when the listener closes."""

_log = structlog.get_logger(__name__)

_COME_AGAIN = "451 4.3.0 Not stored, please try again later"
_NOT_NOW = "421 4.3.2 Not now, please try again later"
_TOO_SLOW = "421 4.4.2 Too slow, please try again later"
_TOO_LARGE = "552 5.3.4 Message too large"
_END = b"\r\n.\r\n"
_MAYBE_END = b".\r\n"


@attrs.frozen
class Tls:
    """What the listener encrypts with by STARTTLS, and whether every peer must."""

    context: ssl.SSLContext
    required: bool

    @classmethod
    def load(cls, certificate: str, key: str, *, required: bool) -> Tls:
        """From PEM files. Raises `ChannelError` when they cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError):
            raise ChannelError("listen_certificate and listen_key cannot be read, or do not fit") from None
        return cls(context, required)


class Listener:
    """Listens at one place for one mailbox; `start`, then `quiet`, then `close`."""

    def __init__(
        self, place: Endpoint, mailbox: Mailbox, max_size: int, channel_id: str, *, tls: Tls | None = None
    ) -> None:
        self.place = place
        self.tls = tls
        self.mailbox = mailbox
        self.max_size = max_size
        self.channel_id = channel_id
        self.closing = False
        self.sessions: set[_Session] = set()
        self._hush: Hush | None = None
        self.deliver: Deliver | None = None
        self._server: asyncio.Server | None = None
        self._under_way: set[asyncio.Task[Any]] = set()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it really listens at; differs from the settings where the port is 0."""
        if self._server is None or not self._server.sockets:
            return self.place.host, self.place.port
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def start(self, deliver: Deliver) -> None:
        """Listen. Raises `OSError` when the place is taken."""
        self._hush = Hush("mail.log")
        self.deliver = deliver
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, self.place.host, self.place.port)

    async def quiet(self) -> None:
        """Take nothing new: idle peers are sent away, who is sending a mail may end it."""
        self.closing = True
        if self._server is not None:
            self._server.close()
        for session in tuple(self.sessions):
            session.leave_when_idle()

    async def close(self) -> None:
        """Wait a little for mails under way, then hang up on whoever is left."""
        await self.quiet()
        ending = [asyncio.ensure_future(session.idle.wait()) for session in self.sessions]
        if ending or self._under_way:
            await asyncio.wait((*ending, *self._under_way), timeout=GRACE)
        peers = [peer for session in tuple(self.sessions) if (peer := session.hang_up()) is not None]
        for task in (*ending, *self._under_way):
            task.cancel()
        await asyncio.gather(*ending, *peers, *self._under_way, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None
        if self._hush is not None:
            self._hush.lift()
            self._hush = None

    async def take(self, sender: str, recipient: str, content: bytes) -> str:
        """Hand one mail on and say what the peer is answered. Goes on even when the peer hangs up meanwhile."""
        assert self.deliver is not None  # noqa: S101 set before anybody can connect
        headers = [(FROM_HEADER, _written(sender)), (TO_HEADER, _written(recipient))]
        request = WebhookRequest.of(self.place.scheme.upper(), self.place.url, headers, content)
        task = asyncio.ensure_future(self.deliver(request))
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        try:
            response = await asyncio.shield(task)
        except (StoreBusy, StoreUnavailable) as problem:
            _log.warning("mail.deferred", channel_id=self.channel_id, problem=type(problem).__name__)
            return _COME_AGAIN
        except Exception as problem:  # noqa: BLE001 the peer keeps what we could not store, whatever the reason
            _log.error("mail.deferred", channel_id=self.channel_id, problem=type(problem).__name__)
            return _COME_AGAIN
        if response.status == 413:  # noqa: PLR2004 content too large
            return _TOO_LARGE
        return "250 2.0.0 Stored" if 200 <= response.status < 300 else _COME_AGAIN  # noqa: PLR2004 the class of answers

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # a peer that hung up leaves nobody else to look at it

    def _protocol(self) -> asyncio.Protocol:
        if self.closing or len(self.sessions) >= SESSIONS:
            return _Full()
        settings = {
            "data_size_limit": self.max_size,
            "enable_SMTPUTF8": True,
            "hostname": self.mailbox.domain,  # otherwise the name of this machine is looked up, which blocks
            "ident": "ready",  # otherwise the software and its version are announced
            "loop": asyncio.get_running_loop(),
            "timeout": SILENCE,
            "tls_context": self.tls.context if self.tls else None,
            "require_starttls": self.tls is not None and self.tls.required,
        }
        kind = _LmtpSession if self.place.scheme == "lmtp" else _SmtpSession
        session: asyncio.Protocol = kind(_Hooks(self), **settings)
        return session


class _Full(asyncio.Protocol):
    """Sends a peer away."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        _writing(transport).write(_NOT_NOW.encode() + b"\r\n")
        transport.close()


class _Hooks:
    """What aiosmtpd asks at each command; the answer line is what each returns."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    async def handle_MAIL(  # noqa: N802 aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.listener.closing:
            return _NOT_NOW
        envelope.mail_from = address  # the null sender arrives as "<>", and aiosmtpd wants something here
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not self.listener.mailbox.owns(address):
            return "550 5.1.1 No such mailbox here"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        _log.error("mail.refused", channel_id=self.listener.channel_id, problem=type(error).__name__)
        return "500 5.5.2 Not understood"


class _Session(SMTP):
    """One peer. Reads a mail in stretches, not in lines as aiosmtpd does: it takes 1 GB to keep 25 MB of empty ones."""

    line_length_limit = 64 * 1024

    def __init__(self, hooks: _Hooks, **settings: Any) -> None:  # noqa: ANN401 aiosmtpd's own settings
        self.idle = asyncio.Event()
        self.idle.set()
        self._listener = hooks.listener
        super().__init__(hooks, **settings)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._listener.sessions.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._listener.sessions.discard(self)
        self.idle.set()
        super().connection_lost(error)

    def leave_when_idle(self) -> None:
        """Say goodbye unless a mail is under way."""
        if self.idle.is_set() and self.transport is not None and not self.transport.is_closing():
            self._writer.write(_NOT_NOW.encode() + b"\r\n")
            self.transport.close()

    def hang_up(self) -> asyncio.Task[None] | None:
        """End it whatever is under way; returns the task that ends with it."""
        if self.transport is not None:
            _writing(self.transport).abort()
        return self._handler_coroutine

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 aiosmtpd's name
        """Take the text of a mail, hand it on, answer."""
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        if arg or envelope is None or not envelope.rcpt_tos or not envelope.mail_from:
            await self.push("501 5.5.4 DATA takes nothing" if arg else "503 5.5.1 RCPT first")
            return
        self.idle.clear()
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            try:
                async with asyncio.timeout(SLOWEST):
                    content = await self._content()
            except TimeoutError:
                await self.push(_TOO_SLOW)
                if self.transport is not None:
                    self.transport.close()
                return
            self.envelope = self._create_envelope()
            sender = "" if envelope.mail_from == "<>" else envelope.mail_from
            if content is None:
                await self.push(_TOO_LARGE)
            else:
                await self.push(await self._listener.take(sender, envelope.rcpt_tos[0], content))
        finally:
            self.idle.set()
        if self._listener.closing:
            self.leave_when_idle()

    async def _content(self) -> bytes | None:
        """Everything up to the line with a single full stop (RFC 5321, 4.1.1.4); `None` when it is too large."""
        content = bytearray(b"\r\n")  # so that a first line is like any other
        most = self._listener.max_size + len(_END)
        too_large = False
        while not content.endswith(_END):
            try:
                content += await self._reader.readuntil(_MAYBE_END)
            except asyncio.LimitOverrunError as more:
                content += await self._reader.read(more.consumed)
            if len(content) > most:
                too_large = True
                del content[: -len(_END)]
        if too_large:
            return None
        del content[-len(_MAYBE_END) :]
        return bytes(memoryview(content.replace(b"\r\n.", b"\r\n"))[2:])


class _SmtpSession(_Session):
    """Over SMTP."""


class _LmtpSession(_Session, LMTP):
    """Over LMTP: the same but for the greeting (RFC 2033)."""


def _writing(transport: asyncio.BaseTransport) -> asyncio.WriteTransport:
    return cast("asyncio.WriteTransport", transport)  # uvloop's are none by their class


def _written(address: str) -> str:
    return address.encode("utf-8", "replace").decode()
