r"""Mail in from a folder of an IMAP server, in a thread of its own, since imapclient blocks.

A mail is read without being marked (`BODY.PEEK`), handed on, and moved to another folder only after it was stored: what
lies in the folder is what is still to be done, and the server keeps that record, not we. Killed between the two, the
same mail is read again and known by its content. Nothing hangs on `\Seen`, which people and programs set, nor on the
highest UID, which is void when UIDVALIDITY changes; within a session mails are named by UID.

Sources: RFC 3501 (IMAP4rev1), 2177 (IDLE: renewed before 29 minutes), 6851 (MOVE), 4315 (UIDPLUS); imapclient 4.1.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from treckk_gateway.adapters.email.folder import TROUBLE, Folder, cut, hang_up
from treckk_gateway.adapters.email.hush import Hush
from treckk_gateway.adapters.email.mailbox import CUT_HEADER
from treckk_gateway.channel import Deliver, WebhookRequest, WebhookResponse
from treckk_gateway.errors import StoreBusy, StoreUnavailable

METHOD = "IMAP"
TRIES = 3
"""Times a mail is tried in one session when something of ours fails; then the others go on without it."""
RENEW = 4 * 60.0
"""Seconds of one IDLE. Servers hang up after 30 minutes, address translators sooner; and a mail that a server mentioned
beside another answer is found then."""
POLL = 30.0
"""Seconds between looks where the server has no IDLE."""
LONGEST_PAUSE = 300.0
"""Seconds between attempts to connect, at most; after a refused login always."""
GRACE = 5.0
"""Seconds that a mail under way is given at the end."""

_SLICE = 1.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


class _Stopped(Exception):
    """The watcher is to end, whatever it was doing."""


class _Later(Exception):
    """The store takes nothing now."""


class Watcher:
    """Watches one folder until it is closed; connects again whatever happens. `start`, then `quiet`, then `close`."""

    def __init__(self, folder: Folder, channel_id: str) -> None:
        self.folder = folder
        self._channel_id = channel_id
        self._stopping = threading.Event()
        self._ended = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._client: IMAPClient | None = None
        self._given_up = False
        self._hush: Hush | None = None

    async def start(self, deliver: Deliver) -> None:
        """Begin. That the server cannot be reached is no error: it may be back soon."""
        loop = asyncio.get_running_loop()
        self._hush = Hush("imapclient.imapclient", "imapclient.imaplib")
        arguments = (_Desk(loop, deliver, self.folder.place.url, self._stopped), loop)
        self._thread = threading.Thread(target=self._run, args=arguments, name="treckk-imap", daemon=True)
        self._thread.start()

    async def quiet(self) -> None:
        """Take no further mail; the one under way is stored and moved."""
        self._stopping.set()

    async def close(self) -> None:
        """Wait a little for the mail under way, then hang up."""
        await self.quiet()
        if self._thread is None:
            return
        try:
            async with asyncio.timeout(GRACE):
                await self._ended.wait()
        except TimeoutError:
            self._given_up = True
            cut(self._client)
            with suppress(TimeoutError):  # a connection that is just being made ends by itself, and takes nothing
                await asyncio.wait_for(self._ended.wait(), GRACE)
        self._thread = None
        if self._hush is not None:
            self._hush.lift()
            self._hush = None

    def _stopped(self) -> bool:
        return self._given_up

    def _run(self, desk: _Desk, loop: asyncio.AbstractEventLoop) -> None:
        failures = 0
        try:
            while not self._stopping.is_set():
                try:
                    self._client = self.folder.connect()
                    failures = 0
                    self._session(self._client, desk)
                except _Stopped:
                    break
                except TROUBLE as problem:
                    failures += 1
                    self._pause(problem, failures)
                finally:
                    self._hang_up()
        finally:
            with suppress(RuntimeError):  # nobody waits where the loop is closed
                loop.call_soon_threadsafe(self._ended.set)

    def _session(self, client: IMAPClient, desk: _Desk) -> None:
        tried: Counter[int] = Counter()
        while not self._stopping.is_set():
            waiting = [uid for uid in self.folder.waiting(client) if tried[uid] < TRIES]
            left = False
            for uid in waiting:
                if self._stopping.is_set():
                    return
                left |= not self._take(client, uid, desk, tried)
            if left:
                self._stopping.wait(_SLICE)
            elif not waiting and self._wait(client):
                tried.clear()  # what could not be stored is tried again when nothing else is to be done

    def _take(self, client: IMAPClient, uid: int, desk: _Desk, tried: Counter[int]) -> bool:
        """Read, store, move; false when it could not be stored."""
        found = self.folder.read(client, uid)
        if found is None:
            return True
        raw, whole = found
        try:
            problem = desk.bring(raw, whole=whole)
        except _Later as busy:
            log.warning("mail.deferred", channel_id=self._channel_id, problem=str(busy))
            return False
        if problem is not None:
            tried[uid] += 1
            stuck = tried[uid] == TRIES
            log.error("mail.stuck" if stuck else "mail.deferred", channel_id=self._channel_id, problem=problem)
            return False
        self.folder.put_away(client, uid)
        return True

    def _wait(self, client: IMAPClient) -> bool:
        """Until something may have come; whether the time was waited out."""
        if not client.has_capability("IDLE"):
            self._stopping.wait(POLL)
            client.noop()
            return True
        client.idle()
        until, told = time.monotonic() + RENEW, _already_told(client)
        while not told and not self._stopping.is_set() and time.monotonic() < until:
            began = time.monotonic()
            # An answer at once and without a word is a connection that ended: `idle_done` says so.
            told = bool(client.idle_check(timeout=_SLICE)) or time.monotonic() - began < _SLICE / 2
        client.idle_done()
        return not told

    def _pause(self, problem: Exception, failures: int) -> None:
        if self._stopping.is_set():
            return
        refused = isinstance(problem, LoginError)
        log.warning(
            "mailbox.refused" if refused else "mailbox.unreachable",
            channel_id=self._channel_id,
            problem=type(problem).__name__,
            attempts=failures,
        )
        longest = LONGEST_PAUSE if refused else min(LONGEST_PAUSE, 2.0 ** min(failures, 10))
        self._stopping.wait(longest * random.uniform(0.5, 1.0))  # noqa: S311 so that not all come at once

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            hang_up(client)


def _already_told(client: IMAPClient) -> bool:
    """Whether the server said something together with its yes to IDLE.

    imaplib has read that into a buffer of its own, where `idle_check`, which looks at the socket, never finds it.
    """
    connection, sock = client._imap, client.socket()  # noqa: SLF001 there is no public way to what was read ahead
    file = getattr(connection, "_file", None) or getattr(connection, "file", None)
    sock.settimeout(0.0)
    try:
        return bool(file.peek(1)) if file is not None else False
    except ssl.SSLWantReadError:
        return False
    finally:
        sock.settimeout(client._timeout.read)  # noqa: SLF001 as it was before


class _Desk:
    """Where the thread hands mail over: the loop's `deliver`, awaited from outside the loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, deliver: Deliver, url: str, stopped: Callable[[], bool]
    ) -> None:
        self._loop = loop
        self._deliver = deliver
        self._url = url
        self._stopped = stopped

    def bring(self, raw: bytes, *, whole: bool) -> str | None:
        """Store a mail; what went wrong, `None` when it is stored. Raises `_Later` when the store is busy or closed."""
        request = WebhookRequest.of(METHOD, self._url, () if whole else [(CUT_HEADER, "1")], raw)
        try:
            answer = self._awaited(self._handed(request))
        except (StoreBusy, StoreUnavailable) as problem:
            raise _Later(type(problem).__name__) from None
        except _Stopped:
            raise
        except Exception as problem:  # noqa: BLE001 the server keeps what we could not store, whatever the reason
            return type(problem).__name__
        return None if 200 <= answer.status < 300 else f"status {answer.status}"  # noqa: PLR2004 the class of answers

    async def _handed(self, request: WebhookRequest) -> WebhookResponse:
        return await self._deliver(request)

    def _awaited(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.run_coroutine_threadsafe(work, self._loop)
        while True:
            try:
                return task.result(_SLICE)
            except TimeoutError:
                if task.done():
                    raise
                if self._stopped():
                    raise _Stopped from None
