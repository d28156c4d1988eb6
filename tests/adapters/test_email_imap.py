from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager

import attrs
import pytest
from certificates import authority

from treckk_gateway.adapters.email import EmailChannel, watching
from treckk_gateway.adapters.email.folder import Folder, problem_of
from treckk_gateway.adapters.email.watching import Watcher
from treckk_gateway.channel import ChannelContext, WebhookResponse
from treckk_gateway.errors import StoreBusy
from treckk_gateway.model import Secret
from treckk_gateway.testing.sandbox.imap import CAPABILITIES, Box, ImapSandbox

CONTEXT = ChannelContext(channel_id="mail", webhook_url="https://aduan.example.go.id/channels/mail")
MAIL = b"From: budi@example.org\r\nTo: aduan+k7q2@example.go.id\r\nSubject: halo\r\n\r\nAda parkir liar.\r\n"
PATIENCE = 60


@pytest.fixture(autouse=True)
def brisk(monkeypatch):
    """What could not be stored is tried again sooner than a server would."""
    monkeypatch.setattr(watching, "_SLICE", 0.1)


class Store:
    """Takes requests as the gateway does, or fails as told."""

    def __init__(self):
        self.requests = []
        self.problems = []
        self.told = asyncio.Condition()

    async def deliver(self, request):
        async with self.told:
            problem = self.problems.pop(0) if self.problems else None
            if problem is None:
                self.requests.append(request)
            self.told.notify_all()
        if isinstance(problem, BaseException):
            raise problem
        return problem or WebhookResponse()

    async def has(self, count):
        async with asyncio.timeout(PATIENCE), self.told:
            await self.told.wait_for(lambda: len(self.requests) >= count)

    @property
    def bodies(self):
        return [one.body for one in self.requests]


def options(server, **more):
    given = {"imap": server.url, "imap_password": Secret(server.login[1]), "smtp": "smtp://127.0.0.1:9"}
    return EmailChannel.Options(address="aduan@example.go.id", **given | more)


@asynccontextmanager
async def watching_channel(server, store, **more):
    channel = EmailChannel.from_settings(options(server, **more), CONTEXT)
    await channel.listen(store.deliver)
    try:
        yield channel
    finally:
        await channel.close()


async def emptied(server):
    async with asyncio.timeout(PATIENCE):
        await server.emptied()


@pytest.mark.parametrize(
    "capabilities",
    [CAPABILITIES, frozenset({"IDLE", "UIDPLUS"}), frozenset({"IDLE"})],
    ids=["move", "uidplus", "plain"],
)
async def test_a_mail_is_stored_then_moved_and_never_marked_as_read(capabilities):
    store = Store()
    async with ImapSandbox(capabilities=capabilities) as server:
        server.arrive(MAIL)
        async with watching_channel(server, store) as channel:
            await emptied(server)
            server.arrive(MAIL + b"later\r\n")  # told while it idles
            await store.has(2)
            await emptied(server)
            [first, _] = store.requests
            channel.verify(first)
            [message] = channel.parse(first.keeping(type(channel).kept_headers))
        assert store.bodies == [MAIL, MAIL + b"later\r\n"]
        assert (message.reply_token, message.text, message.automatic) == ("k7q2", "Ada parkir liar.", False)
        assert [one.raw for one in server.boxes["Treckk"].mails] == store.bodies
        assert all("\\Seen" not in one.flags for box in server.boxes.values() for one in box.mails)
        assert "EXPUNGE" not in server.commands


async def test_without_idle_the_folder_is_looked_at_again_and_again(monkeypatch):
    monkeypatch.setattr(watching, "POLL", 0.05)
    store = Store()
    async with ImapSandbox(capabilities=frozenset({"MOVE"})) as server, watching_channel(server, store):
        async with asyncio.timeout(PATIENCE):
            await server.heard("NOOP", 2)
        server.arrive(MAIL)
        await store.has(1)
        await emptied(server)
    assert "IDLE" not in server.commands


async def test_what_cannot_be_stored_stays_and_comes_again():
    store = Store()
    store.problems = [StoreBusy(1), StoreBusy(1), OSError("disk"), WebhookResponse(500)]
    async with ImapSandbox() as server:
        server.arrive(MAIL)
        async with watching_channel(server, store):
            await emptied(server)
    assert store.bodies == [MAIL]
    assert store.problems == []


async def test_a_mail_that_cannot_be_stored_at_all_stops_no_other():
    store = Store()
    store.problems = [ValueError("never")] * watching.TRIES
    async with ImapSandbox() as server:
        server.arrive(MAIL)
        async with watching_channel(server, store):
            async with asyncio.timeout(PATIENCE):
                await server.heard("IDLE")
            server.arrive(MAIL + b"another\r\n")
            await store.has(1)
            async with asyncio.timeout(PATIENCE):
                await server.heard("UID MOVE")
        assert [one.uid for one in server.boxes["INBOX"].mails] == [1]
    assert store.bodies == [MAIL + b"another\r\n"]


async def test_of_a_mail_that_is_too_large_the_headers_are_taken():
    store = Store()
    async with ImapSandbox() as server:
        server.arrive(MAIL + b"x" * 100_000)
        async with watching_channel(server, store, max_size=65536) as channel:
            await emptied(server)
            [message] = channel.parse(store.requests[0].keeping(type(channel).kept_headers))
    assert (message.subject, message.text, message.unsupported) == ("halo", "", "too_large")
    assert store.requests[0].body == MAIL[: MAIL.index(b"\r\n\r\n") + 4]


async def test_a_server_that_lies_about_a_size_cannot_fill_our_memory(monkeypatch):
    store = Store()
    async with ImapSandbox() as server:
        server.arrive(MAIL + b"x" * 1_000_000)
        monkeypatch.setattr("treckk_gateway.testing.sandbox.imap.len", lambda _: 10, raising=False)
        async with watching_channel(server, store, max_size=65536):
            monkeypatch.undo()
            await store.has(1)
    assert len(store.requests[0].body) <= 65536


@pytest.mark.parametrize("command", ["LOGIN", "UID SEARCH", "UID FETCH", "UID MOVE", "IDLE"])
async def test_a_connection_that_breaks_is_made_again(command, monkeypatch):
    monkeypatch.setattr(watching, "LONGEST_PAUSE", 0.05)
    broken = []

    async def break_once(came):
        if came == command and not broken:
            broken.append(came)
            raise ConnectionError

    store = Store()
    async with ImapSandbox(before=break_once) as server, watching_channel(server, store):
        async with asyncio.timeout(PATIENCE):
            await server.heard("IDLE")
        server.arrive(MAIL)
        await store.has(1)
        await emptied(server)
    assert broken == [command] or command in {"UID FETCH", "UID MOVE"}
    assert set(store.bodies) == {MAIL}
    assert len(store.bodies) == (2 if command == "UID MOVE" else 1)  # the second is known by its content


async def test_a_server_that_was_away_is_found_again(monkeypatch):
    monkeypatch.setattr(watching, "LONGEST_PAUSE", 0.05)
    store = Store()
    async with ImapSandbox() as server, watching_channel(server, store):
        async with asyncio.timeout(PATIENCE):
            await server.heard("IDLE")
        await server.stop()
        server.boxes["INBOX"] = Box(validity=2)  # restored from elsewhere: UIDs begin anew
        server.boxes["INBOX"].add(MAIL)
        await server.serve()
        await store.has(1)
        await emptied(server)


async def test_two_watchers_of_one_folder_move_each_mail_once():
    store = Store()
    async with ImapSandbox() as server:
        for number in range(5):
            server.arrive(MAIL + b"%d\r\n" % number)
        async with watching_channel(server, store), watching_channel(server, store):
            await emptied(server)
        assert len(server.boxes["Treckk"].mails) == 5
    assert set(store.bodies) == {MAIL + b"%d\r\n" % number for number in range(5)}


async def test_quiet_lets_the_mail_under_way_end_and_takes_no_other():
    entered, opened = asyncio.Event(), asyncio.Event()
    store = Store()

    async def deliver(request):
        entered.set()
        await opened.wait()
        return await store.deliver(request)

    async with ImapSandbox() as server:
        server.arrive(MAIL)
        server.arrive(MAIL + b"second\r\n")
        channel = EmailChannel.from_settings(options(server), CONTEXT)
        await channel.listen(deliver)
        async with asyncio.timeout(PATIENCE):
            await entered.wait()
        await channel.quiet()
        opened.set()
        await channel.close()
        assert store.bodies == [MAIL]
        assert [one.uid for one in server.boxes["INBOX"].mails] == [2]


async def test_close_does_not_wait_for_a_server_that_falls_silent(monkeypatch):
    monkeypatch.setattr(watching, "GRACE", 0.2)
    silent = asyncio.Event()

    async def hold(command):
        if command == "UID FETCH":
            silent.set()
            await asyncio.Event().wait()

    async with ImapSandbox(before=hold) as server:
        server.arrive(MAIL)
        async with watching_channel(server, Store()), asyncio.timeout(PATIENCE):
            await silent.wait()


async def test_nothing_of_a_mail_or_a_password_is_logged(caplog, capsys):
    caplog.set_level("DEBUG")
    store = Store()
    async with ImapSandbox(login=("office", "a-password-1")) as server:
        server.arrive(MAIL)
        async with watching_channel(server, store):
            await emptied(server)
    told = caplog.text + "".join(capsys.readouterr())
    assert not any(word in told for word in ("budi", "parkir", "a-password-1", "k7q2"))


async def test_the_doctor_is_told_what_keeps_us_from_the_folder():
    async with ImapSandbox() as server:
        folder = Folder.of(options(server))
        assert await problem_of(folder) is None
        assert (await problem_of(attrs.evolve(folder, password="wrong"))).fatal
        assert "cannot be read" in (await problem_of(attrs.evolve(folder, name="Nowhere"))).summary
    assert "cannot be read" in (await problem_of(folder)).summary


# Encryption


@pytest.mark.parametrize("implicit", [True, False], ids=["imaps", "starttls"])
async def test_the_whole_session_is_encrypted(implicit, tmp_path, monkeypatch):
    monkeypatch.setattr("treckk_gateway.adapters.email.endpoints.Endpoint.loopback", False)
    server_side, client_side = authority(tmp_path)
    store = Store()
    async with ImapSandbox(tls=server_side, implicit=implicit) as server:
        server.arrive(MAIL)
        folder = attrs.evolve(Folder.of(options(server)), context=lambda: client_side)
        watcher = Watcher(folder, "mail")
        await watcher.start(store.deliver)
        await emptied(server)
        async with asyncio.timeout(PATIENCE):
            await server.heard("IDLE")
        server.arrive(MAIL + b"later\r\n")
        await store.has(2)
        await emptied(server)
        await watcher.close()
        assert server.commands.count("LOGIN") == 1
        if not implicit:
            assert server.commands.index("STARTTLS") < server.commands.index("LOGIN")


@pytest.mark.parametrize("tls", ["none", "untrusted"])
async def test_a_password_is_not_sent_to_another_machine_in_plain(tls, tmp_path, monkeypatch):
    monkeypatch.setattr("treckk_gateway.adapters.email.endpoints.Endpoint.loopback", False)
    server_side, _ = authority(tmp_path)
    async with ImapSandbox(tls=server_side if tls == "untrusted" else None) as server:
        folder = attrs.evolve(Folder.of(options(server)), context=ssl.create_default_context)
        problem = await problem_of(folder)
    assert "cannot be read" in problem.summary
    assert "LOGIN" not in server.commands


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"imap": "imaps://mail.example.go.id"}, "names no user"),
        ({"imap": "pop3://office@mail.example.go.id"}, "must begin with"),
        ({"imap": "imaps://office:secret@mail.example.go.id"}, "holds a password"),
        ({"imap_password": None}, "imap_password"),
        ({"imap_archive": "INBOX"}, "imap_archive"),
        ({"listen": "lmtp://127.0.0.1:24"}, "one place"),
    ],
)
def test_settings_that_cannot_work_are_refused(more, said):
    given = {"imap": "imaps://office@mail.example.go.id", "imap_password": Secret("x"), "smtp": "smtp://127.0.0.1"}
    with pytest.raises(ValueError, match=said):
        EmailChannel.Options(address="aduan@example.go.id", **given | more)
