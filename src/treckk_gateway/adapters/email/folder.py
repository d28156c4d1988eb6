"""One folder of an IMAP server: what waits in it, a mail of it within bounds, and putting one away."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import attrs
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from treckk_gateway.adapters.email.endpoints import Endpoint
from treckk_gateway.adapters.email.options import EmailOptions
from treckk_gateway.channel import Problem

TROUBLE = (IMAPClientError, OSError, ssl.SSLError)
"""What a server or the way to it may raise."""


@attrs.frozen(kw_only=True)
class Folder:
    """What is watched: where, as whom, which folder, and where mail goes once it is stored. Sizes in bytes."""

    place: Endpoint
    password: str = attrs.field(repr=False)
    name: str
    archive: str
    since: Any
    max_size: int
    timeout: float
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context

    @classmethod
    def of(cls, options: EmailOptions) -> Folder:
        """From the settings, which name a server."""
        place, password = options.mailbox_server, options.imap_password
        assert place is not None  # noqa: S101 asked only where it is set
        assert password is not None  # noqa: S101 the settings want it
        return cls(
            place=place,
            password=password.reveal(),
            name=options.imap_folder,
            archive=options.imap_archive,
            since=options.imap_since,
            max_size=options.max_size,
            timeout=options.timeout,
        )

    def connect(self) -> IMAPClient:
        """A session with the folder selected. Raises imapclient's errors and `OSError`; never logs in in plain."""
        tls = self.place.scheme == "imaps"
        client = IMAPClient(
            self.place.host,
            port=self.place.port,
            ssl=tls,
            ssl_context=self.context() if tls else None,
            timeout=SocketTimeout(connect=min(self.timeout, 15.0), read=self.timeout),
        )
        try:
            if not tls and not self.place.loopback:
                client.starttls(self.context())
            client.login(self.place.user, self.password)
            if not client.folder_exists(self.archive):
                client.create_folder(self.archive)
            client.select_folder(self.name)
        except BaseException:
            client.shutdown()
            raise
        return client

    def waiting(self, client: IMAPClient) -> list[int]:
        """UIDs of what is still to be taken, oldest first."""
        criteria = ["UNDELETED"] if self.since is None else ["UNDELETED", "SINCE", self.since]
        return sorted(client.search(criteria))

    def read(self, client: IMAPClient, uid: int) -> tuple[bytes, bool] | None:
        """A mail and whether it is whole: of one that is too large the headers only. `None` when it is gone."""
        size = _part(client, uid, b"RFC822.SIZE")
        if size is None:
            return None
        whole = size <= self.max_size
        wanted = "BODY.PEEK[]" if whole else "BODY.PEEK[HEADER]"
        raw = _part(client, uid, f"{wanted}<0.{self.max_size + 1}>".encode())
        if raw is None:
            return None
        return (raw, whole) if len(raw) <= self.max_size else (raw[: self.max_size], False)

    def put_away(self, client: IMAPClient, uid: int) -> None:
        """Move a mail that was stored.

        Where the server cannot move, a copy is made and the first one marked deleted, and removed where only that one
        can be.
        """
        if client.has_capability("MOVE"):
            client.move([uid], self.archive)
            return
        client.copy([uid], self.archive)
        client.delete_messages([uid], silent=True)
        if client.has_capability("UIDPLUS"):
            client.uid_expunge([uid])


async def problem_of(folder: Folder) -> Problem | None:
    """What keeps us from the folder, found by trying in a thread of its own."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Problem | None] = loop.create_future()

    def probe() -> None:
        problem = _problem(folder)
        loop.call_soon_threadsafe(found.set_result, problem)

    threading.Thread(target=probe, name="treckk-imap-check", daemon=True).start()
    return await found


def _problem(folder: Folder) -> Problem | None:
    try:
        hang_up(folder.connect())
    except LoginError:
        return Problem(summary="the IMAP server refuses our login", remedy="check imap and imap_password", fatal=True)
    except TROUBLE as problem:
        summary = f"the mailbox cannot be read ({type(problem).__name__})"
        return Problem(summary=summary, remedy="check imap, imap_folder, and the server's certificate")
    return None


def _part(client: IMAPClient, uid: int, wanted: bytes) -> Any:  # noqa: ANN401 a number or bytes, as asked
    """One item of a mail; the answer to a stretch is named by its beginning only."""
    found = client.fetch([uid], [wanted]).get(uid, {})
    return next((value for name, value in found.items() if name not in (b"SEQ", b"UID", b"FLAGS")), None)


def hang_up(client: IMAPClient) -> None:
    """Close the connection without a word."""
    try:
        client.shutdown()
    except TROUBLE:
        return


def cut(client: IMAPClient | None) -> None:
    """End a connection that another thread reads from: closing would wait for that thread."""
    if client is not None:
        with suppress(OSError):
            client.socket().shutdown(socket.SHUT_RDWR)
