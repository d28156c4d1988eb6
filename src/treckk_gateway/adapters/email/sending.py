"""Letters to the relay over a few kept connections, each failure as a typed error with its retry decision.

Before the text of the mail is offered a failure is certainly "not taken"; from then on it is uncertain until the relay
answers. Texts of the relay are never passed on: they hold addresses. Source of the table: aiosmtplib 5, `errors.py`
and `smtp.py`; RFC 5321, section 4.2; RFC 3463 for the enhanced codes.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aiosmtplib
from aiosmtplib import SMTP

from treckk_gateway.adapters.email.options import EmailOptions
from treckk_gateway.adapters.email.writing import Letter
from treckk_gateway.errors import NotTaken, Rejected, Scope, SendError, Uncertain

PROBE_AFTER = 2.0
"""Seconds a connection may idle before it is asked (NOOP) whether it still lives."""
DROP_AFTER = 60.0
"""Seconds after which an idle connection is given up; relays hang up after some minutes."""

_PROBE_TIMEOUT = 3.0
_GOODBYE_TIMEOUT = 1.0
_ENHANCED = re.compile(r"([45]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_LOGIN_WANTED = frozenset({530, 534, 535, 538})
_ADDRESS_IS_DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.10", "5.2.1"})
_MAILBOX_IS_FULL = "5.2.2"
_TOO_LARGE = frozenset({552, 554})
_BEFORE_THE_TEXT: tuple[tuple[type[Exception], str, str], ...] = (
    (TimeoutError, "timeout", "the relay did not answer in time"),
    (OSError, "unreachable", "the relay cannot be reached"),
    (aiosmtplib.SMTPResponseException, "nonsense", "the relay answers nonsense"),
)


class Sender:
    """A pool of connections to one relay, each for one mail at a time. `close` waits for nobody."""

    def __init__(self, options: EmailOptions, domain: str, connect: Callable[[], SMTP] | None = None) -> None:
        self._options = options
        self._domain = domain
        self._new = connect or self._client
        self._idle: list[tuple[SMTP, float]] = []
        self._slots = asyncio.Semaphore(options.connections)
        self._closed = False

    async def send(self, letter: Letter, seconds: float) -> None:
        """Hand the letter to the relay, once, within `seconds`; raises a `SendError` unless it took it."""
        attempt = _Attempt(letter)
        await _typed(attempt, self._attempt(attempt), seconds)

    async def probe(self, seconds: float) -> None:
        """Connect, log in and ask for a sign of life; raises the `SendError` a mail would meet."""
        attempt = _Attempt(None)
        await _typed(attempt, self._attempt(attempt), seconds)

    async def close(self) -> None:
        """Take leave on idle connections; those in use are dropped when their mail is through."""
        self._closed = True
        idle, self._idle = self._idle, []
        for client, _ in idle:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=_GOODBYE_TIMEOUT)
            client.close()
        await asyncio.sleep(0)  # transports close in the loop's next round

    async def _attempt(self, attempt: _Attempt) -> None:
        async with self._connection() as client:
            await attempt.run(client)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[SMTP]:
        """A live connection for one mail. After any failure it is dropped: its state is not known any more."""
        async with self._slots:
            client = await self._kept() or await self._connected()
            try:
                yield client
            except BaseException:
                client.close()
                raise
            if self._closed:
                client.close()
            else:
                self._idle.append((client, _now()))

    async def _kept(self) -> SMTP | None:
        while self._idle:
            client, since = self._idle.pop()
            idled = _now() - since
            if client.is_connected and idled < PROBE_AFTER:
                return client
            if client.is_connected and idled < DROP_AFTER:
                with suppress(aiosmtplib.SMTPException, OSError):
                    await client.noop(timeout=_PROBE_TIMEOUT)
                    return client
            client.close()
        return None

    async def _connected(self) -> SMTP:
        client = self._new()
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return client

    def _client(self) -> SMTP:
        relay, password = self._options.relay, self._options.password
        return SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.user,
            password=password.reveal() if password else None,
            local_hostname=self._domain,  # otherwise the name of this machine is looked up, which may block
            timeout=self._options.timeout,
            use_tls=relay.scheme == "smtps",
            start_tls=self._options.upgrade,
        )


class _Attempt:
    """One mail on one connection; knows how far it came."""

    def __init__(self, letter: Letter | None) -> None:
        self.letter = letter
        self.offered = False

    async def run(self, client: SMTP) -> None:
        letter = self.letter
        if letter is None:
            await client.noop()
            return
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        options = [f"SIZE={len(letter.content)}"] if client.supports_extension("size") else []
        encoding = "ascii"
        if letter.utf8:
            if not client.supports_extension("smtputf8"):
                raise Rejected("no_smtputf8", "the relay takes no such address", scope=Scope.ADDRESS)
            options, encoding = [*options, "SMTPUTF8"], "utf-8"
        await client.mail(letter.sender, options=options, encoding=encoding)
        await client.rcpt(letter.recipient, encoding=encoding)
        self.offered = True
        await client.data(letter.content)


async def _typed(attempt: _Attempt, doing: Awaitable[None], seconds: float) -> None:
    """Await within the time; whatever goes wrong becomes a `SendError` without the relay's words."""
    try:
        async with asyncio.timeout(seconds):
            await doing
    except SendError:
        raise
    except (aiosmtplib.SMTPException, OSError) as problem:
        error: SendError = _error(problem, offered=attempt.offered)
    except ValueError:
        error = Rejected("bad_address", "the recipient cannot stand on an SMTP command line", scope=Scope.ADDRESS)
    else:
        return
    raise error


def _error(problem: Exception, *, offered: bool) -> SendError:
    if isinstance(problem, ssl.SSLError) or isinstance(problem.__cause__, ssl.SSLError):
        return Rejected("tls", "the relay's certificate or encryption is not accepted", scope=Scope.CHANNEL)
    if isinstance(problem, aiosmtplib.SMTPResponseException) and problem.code >= 400:  # noqa: PLR2004 the class of answers
        return _answered(problem)
    if offered:
        return Uncertain("no_answer", "the mail was offered and the relay did not say whether it took it")
    for kind, code, reason in _BEFORE_THE_TEXT:
        if isinstance(problem, kind):
            return NotTaken(code, reason)
    return Rejected("setup", "the relay does not offer what the settings ask for", scope=Scope.CHANNEL)


def _answered(problem: aiosmtplib.SMTPResponseException) -> SendError:
    """What a refusal means, by the command that was refused. A refusal after the text proves it was not taken, too."""
    found = _ENHANCED.match(problem.message.lstrip())
    status = found[1] if found else ""
    code = status or f"smtp_{problem.code}"
    if problem.code < 500 or status == _MAILBOX_IS_FULL:  # noqa: PLR2004 the class of answers
        return NotTaken(code, "the relay asks to come again")
    if problem.code in _LOGIN_WANTED or isinstance(problem, aiosmtplib.SMTPAuthenticationError):
        return Rejected(code, "the relay does not accept our login", scope=Scope.CHANNEL)
    if isinstance(problem, aiosmtplib.SMTPDataError):
        return Rejected(code, "the relay refuses the message")
    if isinstance(problem, aiosmtplib.SMTPRecipientRefused):
        dead = status in _ADDRESS_IS_DEAD or not status
        return Rejected(code, "the relay refuses the recipient", scope=Scope.ADDRESS if dead else Scope.MESSAGE)
    if isinstance(problem, aiosmtplib.SMTPSenderRefused) and problem.code in _TOO_LARGE:
        return Rejected(code, "the relay finds the message too large")
    return Rejected(code, "the relay refuses us", scope=Scope.CHANNEL)


def _now() -> float:
    return asyncio.get_running_loop().time()
