"""The relay of the mail sandbox: SMTP on loopback that keeps what it takes and fails where it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from typing import Any, cast

import attrs
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOSTNAME = "relay.example.org"


class Stage(StrEnum):
    """Where in a transaction the relay fails: on connecting, at a command, or after it has read the whole text."""

    GREETING = "greeting"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    TEXT = "text"


@attrs.frozen(kw_only=True)
class Trouble:
    """What goes wrong at a stage: the line that is answered, or nothing and the connection is cut.

    With `hang` nothing happens at all until other trouble is played. `times` is how often it happens, `None` always.
    """

    stage: Stage
    answer: bytes | None = None
    hang: bool = False
    times: int | None = None


@attrs.frozen(kw_only=True)
class Mail:
    """A mail as the relay took it: envelope and bytes. `sender` is empty for the null sender."""

    sender: str = attrs.field(repr=False)
    recipient: str = attrs.field(repr=False)
    raw: bytes = attrs.field(repr=False)

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed. Only for mail that the code under test wrote."""
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def text(self) -> str:
        """The words of its plain text, in plain lines without spaces at the end."""
        body = self.message.get_body(("plain",))
        return "\n".join(str(body.get_content()).splitlines()).rstrip() if body else ""

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return self.header("Subject")

    @property
    def message_id(self) -> str:
        """Its `Message-ID`, in angle brackets."""
        return self.header("Message-ID")

    @property
    def reply_to(self) -> str:
        """Where an answer goes: `Reply-To`, else `From`."""
        return self._address("Reply-To") or self._address("From")

    def header(self, name: str) -> str:
        """The first header of that name, unfolded; empty where there is none."""
        return "".join(str(self.message.get(name, "")).splitlines())

    def _address(self, name: str) -> str:
        header = self.message.get(name)
        return str(header.addresses[0].addr_spec) if header is not None and header.addresses else ""


class Relay:
    """The server. `keep` is awaited with each mail it takes, `read` with each it has read, taken or not."""

    def __init__(
        self,
        *,
        keep: Callable[[Mail], Awaitable[None]],
        read: Callable[[Mail], Awaitable[None]],
        login: tuple[str, str] | None,
        max_size: int,
    ) -> None:
        self.keep = keep
        self.read = read
        self.login = login
        self.sessions: set[_Session] = set()
        self.release = asyncio.Event()
        self._max_size = max_size
        self._trouble: Trouble | None = None
        self._left = 0

    def play(self, trouble: Trouble | None) -> None:
        """Fail so from now on; who hangs is let go. Trouble on connecting hangs up on everybody first."""
        self.release.set()
        self.release = asyncio.Event()
        self._trouble = trouble
        self._left = -1 if trouble is None or trouble.times is None else trouble.times
        if trouble is not None and trouble.stage is Stage.GREETING:
            self.hang_up()

    def due(self, stage: Stage) -> Trouble | None:
        """The trouble to make at this stage now; counts it."""
        trouble = self._trouble
        if trouble is None or trouble.stage is not stage or self._left == 0:
            return None
        self._left -= self._left > 0
        return trouble

    def hang_up(self) -> None:
        """Cut all connections."""
        for session in tuple(self.sessions):
            session.hang_up()

    def protocol(self) -> asyncio.Protocol:
        """For one connection."""
        session: asyncio.Protocol = _Session(
            self,
            data_size_limit=self._max_size,
            enable_SMTPUTF8=True,
            hostname=HOSTNAME,
            ident="sandbox",
            loop=asyncio.get_running_loop(),
            auth_require_tls=False,
            authenticator=self._authenticate,
        )
        return session

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _method: str, data: object
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=self.login is not None and given == self.login, handled=False)


class _Hooks:
    def __init__(self, relay: Relay) -> None:
        self.relay = relay

    async def handle_MAIL(  # noqa: N802 aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.relay.login is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_DATA(self, server: _Session, _session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        sender = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        mails = [Mail(sender=sender, recipient=one, raw=bytes(envelope.content or b"")) for one in envelope.rcpt_tos]  # type: ignore[arg-type]
        for mail in mails:
            await self.relay.read(mail)
        answer = await server.trouble(Stage.TEXT)
        if answer is not None:
            return cast("str", answer)  # bytes pass, too
        for mail in mails:
            await self.relay.keep(mail)
        return "250 2.0.0 Taken"


class _Session(SMTP):
    def __init__(self, relay: Relay, **settings: Any) -> None:  # noqa: ANN401 aiosmtpd's own settings
        self._relay = relay
        super().__init__(_Hooks(relay), **settings)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._relay.sessions.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._relay.sessions.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()  # uvloop's are none by their class

    async def trouble(self, stage: Stage) -> bytes | None:
        """The line to answer instead of going on, `None` when all is well. Never returns where the connection ends."""
        trouble = self._relay.due(stage)
        if trouble is None:
            return None
        if trouble.hang:
            await self._relay.release.wait()
        if trouble.answer is not None and not trouble.hang:
            return trouble.answer
        self.hang_up()
        await asyncio.Event().wait()  # until aiosmtpd cancels us, since the connection is lost
        return None

    async def _handle_client(self) -> None:
        answer = await self.trouble(Stage.GREETING)
        if answer is None:
            await super()._handle_client()
            return
        await self.push(answer)
        self._writer.close()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 aiosmtpd's name
        answer = await self.trouble(Stage.MAIL)
        await (super().smtp_MAIL(arg) if answer is None else self.push(answer))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 aiosmtpd's name
        answer = await self.trouble(Stage.RCPT)
        await (super().smtp_RCPT(arg) if answer is None else self.push(answer))

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 aiosmtpd's name
        answer = await self.trouble(Stage.DATA)
        await (super().smtp_DATA(arg) if answer is None else self.push(answer))
