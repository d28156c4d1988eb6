r"""An IMAP server with mailboxes in memory, for channels that watch a folder.

::

    async with ImapSandbox(login=("office", "secret")) as server:
        server.arrive(b"From: budi@example.org\r\nSubject: Laporan\r\n\r\nAda parkir liar\r\n")
        await server.emptied()

The channel takes `imap = server.url`. It speaks the part of IMAP4rev1 (RFC 3501) that a client needs to look through a
folder, with IDLE (2177), MOVE (6851), UIDPLUS (4315) and STARTTLS, each of which can be left out. It is strict: what it
does not know is answered `BAD`.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from typing import Self

import attrs

CAPABILITIES = frozenset({"IDLE", "MOVE", "UIDPLUS"})

_LINE = re.compile(r'"((?:[^"\\]|\\.)*)"|(\([^)]*\))|(\S+)')
_WANTED = re.compile(r"(RFC822\.SIZE)|(BODY)\.PEEK\[(HEADER)?\](?:<(\d+)\.(\d+)>)?")


@attrs.define
class Stored:
    """A mail in a folder."""

    uid: int
    raw: bytes = attrs.field(repr=False)
    flags: set[str] = attrs.field(factory=set)


@attrs.define
class Box:
    """A folder; UIDs are given once and never again while `validity` stays."""

    validity: int = 1
    following: int = 1
    mails: list[Stored] = attrs.field(factory=list)

    def add(self, raw: bytes) -> int:
        """Put a mail in; its UID."""
        self.mails.append(Stored(self.following, raw))
        self.following += 1
        return self.following - 1


async def _pass(_command: str) -> None:
    """Hinders nobody."""


class ImapSandbox:
    """The server on 127.0.0.1; an async context manager.

    `before` is awaited with each command's name before it is carried out: it may wait, or raise `ConnectionError` to
    hang up. `commands` are those that came, without their arguments. `tls` is the server's certificate: with
    `implicit` from the first byte, else by STARTTLS.
    """

    def __init__(
        self,
        *,
        login: tuple[str, str] = ("office", "secret"),
        port: int = 0,
        capabilities: frozenset[str] = CAPABILITIES,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        before: Callable[[str], Awaitable[None]] = _pass,
    ) -> None:
        self.login = login
        self.capabilities = capabilities
        self.before = before
        self.tls = tls
        self.commands: list[str] = []
        self.boxes: dict[str, Box] = {"INBOX": Box()}
        self.changed = asyncio.Condition()
        self._implicit = implicit
        self._port = port
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where it listens; known once entered."""
        return self._port

    @property
    def url(self) -> str:
        """What goes into the channel's `imap`."""
        return f"{'imaps' if self._implicit else 'imap'}://{self.login[0]}@127.0.0.1:{self._port}"

    def arrive(self, raw: bytes, folder: str = "INBOX") -> int:
        """A mail arrives; its UID. Who idles is told."""
        uid = self.boxes.setdefault(folder, Box()).add(raw)
        self.tell()
        return uid

    def tell(self) -> None:
        """Wake whoever waits for a change."""
        task = asyncio.ensure_future(self._tell())
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)

    async def emptied(self, folder: str = "INBOX") -> None:
        """Return when nothing is left in the folder. Waits without end: put a time-out around it."""
        async with self.changed:
            await self.changed.wait_for(lambda: not self._left(folder))

    async def heard(self, command: str, count: int = 1) -> None:
        """Return when that command came so often."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.commands.count(command) >= count)

    def hang_up(self) -> None:
        """End every session at once."""
        for one in tuple(self._sessions):
            one.cancel()

    async def __aenter__(self) -> Self:
        await self.serve()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def serve(self) -> None:
        """Listen, at the port it had before."""
        context = self.tls if self._implicit else None
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port, ssl=context)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and hang up."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        sessions = tuple(self._sessions)
        self.hang_up()
        await asyncio.gather(*sessions, return_exceptions=True)
        if server is not None:
            await server.wait_closed()

    def _left(self, folder: str) -> list[Stored]:
        return [one for one in self.boxes[folder].mails if "\\Deleted" not in one.flags]

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 asyncio runs each connection in a task
        self._sessions.add(task)
        try:
            await _Session(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._sessions.discard(task)
            writer.close()


class _Session:
    """One connection."""

    def __init__(self, server: ImapSandbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.known = False
        self.box: Box | None = None
        self.known_of = 0
        """The UID up to which this client was told of mails."""

    async def run(self) -> None:
        self.say("* OK ready")
        while line := await self.reader.readline():
            tag, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            name, _, written = rest.partition(" ")
            command = name.upper()
            if command == "UID":
                name, _, written = written.partition(" ")
                command = f"UID {name.upper()}"
            self.server.commands.append(command)
            await self.server._tell()  # noqa: SLF001 of one module
            await self.server.before(command)
            answer = await self.carry_out(tag, command, written)
            if answer is not None:
                self.say(f"{tag} {answer}")
            await self.writer.drain()
            await self.server._tell()  # noqa: SLF001 of one module
            if command == "LOGOUT":
                return

    def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")

    async def carry_out(self, tag: str, command: str, written: str) -> str | None:
        words = [(quoted or listed or plain) for quoted, listed, plain in _LINE.findall(written)]
        match command:
            case "CAPABILITY":
                extra = {"STARTTLS"} if self.server.tls and not self.writer.get_extra_info("sslcontext") else set()
                self.say(" ".join(["* CAPABILITY IMAP4rev1", *sorted(self.server.capabilities | extra)]))
            case "NOOP" | "LOGOUT":
                pass
            case "STARTTLS" if self.server.tls is not None:
                self.say(f"{tag} OK begin")
                await self.writer.drain()
                await self.writer.start_tls(self.server.tls)
                return None
            case "LOGIN":
                self.known = tuple(words) == self.server.login
                return "OK welcome" if self.known else "NO [AUTHENTICATIONFAILED] no"
            case _ if not self.known:
                return "BAD log in first"
            case _:
                return await self.look(command, words)
        return "OK done"

    async def look(self, command: str, words: list[str]) -> str | None:
        boxes = self.server.boxes
        match command, words:
            case "LIST", [_, name]:
                if name in boxes:
                    self.say(f'* LIST () "/" "{name}"')
            case "CREATE", [name]:
                boxes.setdefault(name, Box())
            case "SELECT", [name] if name in boxes:
                self.box = boxes[name]
                self.say(f"* {len(self.box.mails)} EXISTS")
                self.say(f"* OK [UIDVALIDITY {self.box.validity}]")
                return "OK [READ-WRITE] selected"
            case _ if self.box is None:
                return "BAD select first"
            case "IDLE", []:
                return await self.idle(self.box)
            case "UID SEARCH", _:
                return self.search(self.box, words)
            case _, [uid, *rest] if uid.isdigit():
                return self.handle(self.box, command, int(uid), rest)
            case _:
                return "BAD what"
        return "OK done"

    def search(self, box: Box, words: list[str]) -> str:
        if words[:1] != ["UNDELETED"]:
            return "BAD what"
        self.known_of = box.following
        self.say(" ".join(["* SEARCH", *(str(one.uid) for one in box.mails if "\\Deleted" not in one.flags)]))
        return "OK done"

    def handle(self, box: Box, command: str, uid: int, words: list[str]) -> str:
        found = next((one for one in box.mails if one.uid == uid), None)
        match command, words:
            case "UID FETCH", [wanted]:
                return "OK done" if found is None else self.fetch(box, found, wanted)
            case "UID COPY" | "UID MOVE", [folder] if folder in self.server.boxes:
                if found is not None:
                    self.server.boxes[folder].add(found.raw)
                    if command == "UID MOVE":
                        box.mails.remove(found)
            case "UID STORE", [_, flags]:
                if found is not None:
                    found.flags |= set(flags.strip("()").split())
            case "UID EXPUNGE", []:
                if found is not None and "\\Deleted" in found.flags:
                    box.mails.remove(found)
            case _:
                return "BAD what"
        return "OK done"

    def fetch(self, box: Box, mail: Stored, wanted: str) -> str:
        found = _WANTED.fullmatch(wanted.strip("()"))
        if not found:
            return "BAD what"
        head = f"* {box.mails.index(mail) + 1} FETCH (UID {mail.uid} "
        if found[1]:
            self.say(f"{head}RFC822.SIZE {len(mail.raw)})")
            return "OK done"
        content = mail.raw[: mail.raw.find(b"\r\n\r\n") + 4] if found[3] else mail.raw
        begins = int(found[4] or 0)
        content = content[begins : begins + int(found[5] or len(content))]
        named = f"BODY[{found[3] or ''}]" + (f"<{begins}>" if found[4] else "")
        self.writer.write(f"{head}{named} {{{len(content)}}}\r\n".encode() + content + b")\r\n")
        return "OK done"

    async def idle(self, box: Box) -> str:
        self.say("+ idling")
        await self.writer.drain()
        ending = asyncio.ensure_future(self.reader.readline())
        try:
            while not ending.done():
                waiting = asyncio.ensure_future(self.told(box))
                await asyncio.wait({ending, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
                if box.following != self.known_of:
                    self.known_of = box.following
                    self.say(f"* {len(box.mails)} EXISTS")
                    await self.writer.drain()
            return "OK done" if ending.result().strip().upper() == b"DONE" else "BAD what"
        finally:
            ending.cancel()

    async def told(self, box: Box) -> None:
        async with self.server.changed:
            await self.server.changed.wait_for(lambda: box.following != self.known_of)
