"""Mail around the gateway: the relay it sends to, the mailboxes behind it, and the people who write.

::

    async with MailSandbox() as mail:
        mail.listener = "lmtp://127.0.0.1:8024"
        await mail.write("budi@example.org", "aduan@example.go.id", "Ada parkir liar di pasar", subject="Laporan")
        [receipt] = await mail.heard("budi@example.org")
        await mail.reply(receipt, "Lokasinya di depan masjid")

The channel takes `smtp = mail.url`. Everything passes through real SMTP and LMTP on loopback.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import Self
from urllib.parse import urlsplit

import aiosmtplib
import attrs

from treckk_gateway.adapters.email.hush import Hush
from treckk_gateway.testing.sandbox.mail_relay import Mail, Relay, Stage, Trouble
from treckk_gateway.testing.stand_in import Fault

__all__ = ["Mail", "MailSandbox", "Stage", "Trouble", "Written"]

_FAULTS = {
    Fault.BUSY: Trouble(stage=Stage.MAIL, answer=b"451 4.3.2 Come again"),
    Fault.BROKEN: Trouble(stage=Stage.TEXT, answer=b"451 4.3.0 Broken"),
    Fault.SILENT: Trouble(stage=Stage.TEXT, hang=True),
    Fault.DROPPED: Trouble(stage=Stage.TEXT),
    Fault.REJECTED: Trouble(stage=Stage.TEXT, answer=b"554 5.6.0 Not this one"),
    Fault.DENIED: Trouble(stage=Stage.MAIL, answer=b"530 5.7.0 Authentication required"),
    Fault.GONE: Trouble(stage=Stage.GREETING, answer=b"521 5.3.2 No mail here"),
    Fault.MOVED: Trouble(stage=Stage.RCPT, answer=b"551 5.1.6 Not here, try <elsewhere@example.org>"),
    Fault.GARBAGE: Trouble(stage=Stage.TEXT, answer=b"\xff nonsense"),
}
_DAYS = ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")


@attrs.frozen(kw_only=True)
class Written:
    """A mail as a person sent it; `deliver` sends the very same again."""

    sender: str = attrs.field(repr=False)
    recipient: str = attrs.field(repr=False)
    raw: bytes = attrs.field(repr=False)
    message_id: str


async def _nobody(_: Mail) -> None:
    """Watches a sandbox nobody watches."""


class MailSandbox:
    """A relay with mailboxes on 127.0.0.1, and a mail program; an async context manager.

    `listener` is where people's mail is delivered, `lmtp://host:port` or `smtp://host:port`; it may be set later.
    `mails` are those taken, oldest first. `watch` is awaited with each of them. `login` is the user and password the
    relay wants, `max_size` the bytes it takes at most. `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        listener: str = "",
        *,
        port: int = 0,
        watch: Callable[[Mail], Awaitable[None]] = _nobody,
        login: tuple[str, str] | None = None,
        max_size: int = 32 * 1024 * 1024,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self.listener = listener
        self.mails: list[Mail] = []
        self._watch = watch
        self._clock = clock
        self._new_id = new_id
        self._port = port
        self._relay = Relay(keep=self._keep, read=self._read, login=login, max_size=max_size)
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self._seen: list[Mail] = []
        self._since_play = 0
        self._changed = asyncio.Condition()

    @property
    def url(self) -> str:
        """What goes into the channel's `smtp`. Known once entered."""
        return f"smtp://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        self._hush = Hush("mail.log")
        await self._serve()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()
        self._release_port()
        self._hush.lift()

    # Mailboxes

    def mailbox(self, address: str) -> list[Mail]:
        """What arrived at an address, oldest first."""
        return [one for one in self.mails if one.recipient.lower() == address.lower()]

    async def heard(self, address: str, count: int = 1) -> list[Mail]:
        """What arrived at an address, once there are `count`. Waits without end: put a time-out around it."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.mailbox(address)) >= count)
        return self.mailbox(address)

    async def play(self, fault: Fault | Trouble | None) -> None:
        """Misbehave so from now on; `None` is well. Forgets what `reached` saw."""
        self._since_play = len(self._seen)
        if fault is Fault.REFUSED:
            self._relay.play(None)
            await self._stop()
            self._hold_port()
            return
        self._relay.play(_FAULTS[fault] if isinstance(fault, Fault) else fault)
        if self._server is None:
            self._release_port()
            await self._serve()

    async def reached(self) -> None:
        """Return once a whole mail was read since the last `play`, taken or not."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._seen) > self._since_play)

    def saw(self, text: str) -> int:
        """How many mails read, taken or not, carried this text in a header or in their words."""
        return sum(text.encode() in one.raw or text in one.text for one in self._seen)

    # People

    async def write(
        self,
        from_: str,
        to: str,
        text: str,
        *,
        subject: str = "",
        name: str | None = None,
        html: str | None = None,
        files: Sequence[tuple[str, str, bytes]] = (),
        answers: Mail | None = None,
        headers: Mapping[str, str] | None = None,
        envelope_from: str | None = None,
    ) -> Written:
        """A person writes a mail, which is delivered to the listener at once.

        `files` are content type, file name and bytes. With `answers` the text stands above what is quoted of that
        mail, and the mail carries its ids. `envelope_from` differs from `from_` for machines: empty is the null
        sender. Raises aiosmtplib's errors when the listener refuses it, `SMTPResponseException` with its code.
        """
        mail = EmailMessage(SMTPUTF8 if not from_.isascii() else SMTPUTF8.clone(utf8=False))
        message_id = f"<{self._new_id()}@{from_.rpartition('@')[2] or 'example.org'}>"
        mail["From"] = MailAddress(name or "", *from_.rsplit("@", 1))
        mail["To"] = to
        mail["Subject"] = subject
        mail["Date"] = datetime.fromtimestamp(self._clock(), UTC)
        mail["Message-ID"] = message_id
        if answers is not None:
            mail["In-Reply-To"] = answers.message_id
            mail["References"] = f"{answers.header('References')} {answers.message_id}".strip()
        for key, value in (headers or {}).items():
            mail[key] = value
        mail.set_content(text if answers is None else f"{text}\n\n{self._quote(answers)}")
        if html is not None:
            mail.add_alternative(html, subtype="html")
        for content_type, filename, content in files:
            major, _, minor = content_type.partition("/")
            mail.add_attachment(content, maintype=major, subtype=minor, filename=filename)
        sender = from_ if envelope_from is None else envelope_from
        written = Written(sender=sender, recipient=to, raw=mail.as_bytes(), message_id=message_id)
        await self.deliver(written)
        return written

    async def reply(self, mail: Mail, text: str, *, name: str | None = None) -> Written:
        """Whoever got that mail answers it: to its reply address, with its ids, quoting it."""
        subject = re.sub(r"^(?:Re:\s*)*", "Re: ", mail.subject)
        return await self.write(mail.recipient, mail.reply_to, text, subject=subject, name=name, answers=mail)

    async def deliver(self, written: Written) -> None:
        """Send these bytes to the listener as they are. Raises aiosmtplib's errors when it refuses them."""
        place = urlsplit(self.listener)
        kind = _Lmtp if place.scheme == "lmtp" else aiosmtplib.SMTP
        client = kind(hostname=place.hostname, port=place.port, local_hostname="client.example.org", start_tls=False)
        async with client:
            foreign = not (written.sender + written.recipient).isascii()
            options = ["SMTPUTF8"] if foreign else []
            await client.sendmail(written.sender, [written.recipient], written.raw, mail_options=options)

    def _quote(self, mail: Mail) -> str:
        """A mail quoted as the Indonesian Gmail does it."""
        then = datetime.fromtimestamp(self._clock(), UTC)
        day = f"{_DAYS[then.weekday()]}, {then.day} {_MONTHS[then.month - 1]} {then.year} pukul {then:%H.%M}"
        lines = "\n".join(f"> {line}".rstrip() for line in mail.text.splitlines())
        return f"Pada {day} <{mail.reply_to}> menulis:\n\n{lines}\n"

    # The relay

    async def _keep(self, mail: Mail) -> None:
        async with self._changed:
            self.mails.append(mail)
            self._changed.notify_all()
        await self._watch(mail)

    async def _read(self, mail: Mail) -> None:
        async with self._changed:
            self._seen.append(mail)
            self._changed.notify_all()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._relay.protocol, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
            self._relay.release.set()
            self._relay.hang_up()
            await server.wait_closed()
            await asyncio.sleep(0)  # connections end in the loop's next round

    def _hold_port(self) -> None:
        """Keep the port without listening, so that nobody else answers there while we refuse."""
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", self._port))

    def _release_port(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


class _Lmtp(aiosmtplib.SMTP):
    """Speaks LMTP as far as it differs for one recipient: by its greeting (RFC 2033, 4.1)."""

    async def execute_command(self, *args: bytes, **options: object) -> aiosmtplib.SMTPResponse:
        """One command; the greeting is LHLO."""
        if args[0] == b"EHLO":
            args = (b"LHLO", *args[1:])
        return await super().execute_command(*args, **options)  # type: ignore[arg-type]
