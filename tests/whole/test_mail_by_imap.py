"""Mail from a folder of an IMAP server: opened as a case once, whenever the process that took it was killed."""

from __future__ import annotations

import asyncio
import signal

import pytest
from folk import BUDI, COMPLAINT, DESK, PATIENCE
from process import Provider, Server, tables

from treckk_gateway.testing.sandbox.imap import ImapSandbox
from treckk_gateway.testing.sandbox.mail import MailSandbox

pytestmark = pytest.mark.kill


def mail(text, number):
    return (
        f"From: {BUDI.mail}\r\nTo: {DESK}\r\nSubject: Laporan\r\nMessage-ID: <{number}@example.org>\r\n\r\n{text}\r\n"
    ).encode()


class Hold:
    """Holds up one command of the server's until the test lets go."""

    def __init__(self, command):
        self.command = command
        self.reached = asyncio.Event()
        self.released = asyncio.Event()

    async def __call__(self, command):
        if command == self.command and not self.released.is_set():
            self.reached.set()
            await self.released.wait()
            raise ConnectionError


@pytest.mark.parametrize("command", ["UID FETCH", "UID MOVE"])
async def test_killed_before_it_is_stored_or_before_it_is_moved_a_mail_is_one_case(tmp_path, command):
    hold = Hold(command)
    (tmp_path / "imap.secret").write_text("secret", encoding="utf-8")
    async with Provider(tmp_path) as provider, MailSandbox() as relay, ImapSandbox(before=hold) as server:
        email = {"adapter": "email", "imap": server.url, "imap_password": "file:imap.secret"}
        email |= {"smtp": relay.url, "address": DESK}
        server.arrive(mail(COMPLAINT, 1))
        async with Server(tmp_path, tables(tmp_path, provider.url, email=email)) as gateway:
            async with asyncio.timeout(PATIENCE):
                await hold.reached.wait()
            assert await gateway.end(signal.SIGKILL) == -signal.SIGKILL
            assert len(server.boxes["INBOX"].mails) == 1
            hold.released.set()
            await gateway.start()
            async with asyncio.timeout(PATIENCE):
                await server.emptied()
                await relay.heard(BUDI.mail)
            books = await gateway.rested()
            assert gateway.rows("SELECT count(*) FROM cases") == [(1,)]
            assert await gateway.end(signal.SIGTERM) == 0
        assert (books["received"], books["parked"]) == (1, 0)
        assert len(server.boxes["Treckk"].mails) == 1
        assert len(relay.mailbox(BUDI.mail)) == 1
