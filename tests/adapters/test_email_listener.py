from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager

import pytest

from treckk_gateway.adapters.email import EmailChannel, listener
from treckk_gateway.channel import ChannelContext, WebhookResponse
from treckk_gateway.errors import StoreBusy, StoreUnavailable

CONTEXT = ChannelContext(channel_id="mail", webhook_url="https://aduan.example.go.id/channels/mail")
MAIL = "Subject: halo\r\nFrom: budi@example.org\r\n\r\nAda parkir liar.\r\n"


class Store:
    """Takes requests as the gateway does, or fails as told."""

    def __init__(self):
        self.requests = []
        self.answer = WebhookResponse()
        self.entered = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def deliver(self, request):
        self.entered.set()
        await self.open.wait()
        if isinstance(self.answer, BaseException):
            raise self.answer
        self.requests.append(request)
        return self.answer


class Peer:
    """A mail server talking to us, line by line."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def hear(self):
        lines = []
        while not lines or lines[-1][3:4] == "-":
            line = await asyncio.wait_for(self.reader.readline(), 10)
            lines.append(line.decode().rstrip("\r\n"))
            if not line:
                return ""
        return "\n".join(lines)

    async def say(self, line):
        self.writer.write(line.encode() + b"\r\n")
        return await self.hear()

    async def envelope(self, to="aduan@example.go.id", sender="budi@example.org"):
        assert (await self.say(f"MAIL FROM:<{sender}>")).startswith("250")
        return await self.say(f"RCPT TO:<{to}>")

    async def mail(self, text=MAIL, **envelope):
        assert (await self.envelope(**envelope)).startswith("250")
        assert (await self.say("DATA")).startswith("354")
        return await self.say(text + ".")


@asynccontextmanager
async def listening(store, scheme="lmtp", **more):
    options = EmailChannel.Options(
        listen=f"{scheme}://127.0.0.1:0", smtp="smtp://127.0.0.1:9", address="aduan@example.go.id", **more
    )
    channel = EmailChannel.from_settings(options, CONTEXT)
    await channel.listen(store.deliver)
    peers = []

    async def connect(*, greet=True):
        peer = Peer(*await asyncio.open_connection(*channel.listening))
        peers.append(peer)
        channel.banner = await peer.hear()
        if greet:
            channel.greeting = await peer.say("LHLO mx.example.org" if scheme == "lmtp" else "EHLO mx.example.org")
        return peer

    channel.connect = connect
    try:
        yield channel
    finally:
        await channel.close()
        for peer in peers:
            peer.writer.close()


@pytest.mark.parametrize("scheme", ["lmtp", "smtp"])
async def test_a_mail_becomes_a_request_with_its_envelope(scheme):
    store = Store()
    async with listening(store, scheme) as channel:
        peer = await channel.connect()

        assert await peer.mail(to="Aduan+tok1@Example.go.id") == "250 2.0.0 Stored"
        assert await peer.mail(sender="") == "250 2.0.0 Stored"

        first, second = store.requests
        assert (first.method, first.url) == (scheme.upper(), f"{scheme}://127.0.0.1:0")
        assert first.header("x-envelope-from") == "budi@example.org"
        assert first.header("x-envelope-to") == "Aduan+tok1@Example.go.id"
        assert first.body == MAIL.encode()
        assert second.header("x-envelope-from") == "", "the null sender"
        channel.verify(first)
        [message] = channel.parse(first.keeping(channel.kept_headers))
        assert message.reply_token == "tok1"
        assert (await peer.say("QUIT")).startswith("221")


async def test_nothing_of_the_software_or_the_machine_is_announced():
    async with listening(Store()) as channel:
        await channel.connect()

        assert channel.banner == "220 example.go.id ready"
        assert "SIZE 26214400" in channel.greeting
        assert "AUTH" not in channel.greeting


@pytest.mark.parametrize(
    "recipient", ["other@example.go.id", "aduan@example.org", "aduanx@example.go.id", "aduan@example.go.id@example.org"]
)
async def test_unknown_recipients_are_refused(recipient):
    store = Store()
    async with listening(store) as channel:
        peer = await channel.connect()

        answer = await peer.envelope(to=recipient)

        assert answer.startswith(("550 5.1.1", "553"))
        assert (await peer.say("DATA")).startswith("503")
        assert not store.requests


async def test_one_recipient_at_a_time():
    store = Store()
    async with listening(store) as channel:
        peer = await channel.connect()
        await peer.envelope()

        assert (await peer.say("RCPT TO:<aduan+x@example.go.id>")).startswith("452 4.5.3")
        await peer.say("DATA")
        assert (await peer.say(MAIL + ".")).startswith("250")
        assert [one.header("x-envelope-to") for one in store.requests] == ["aduan@example.go.id"]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (StoreBusy("full"), "451 4.3.0"),
        (StoreUnavailable("disk"), "451 4.3.0"),
        (RuntimeError("budi@example.org"), "451 4.3.0"),
        (WebhookResponse(503), "451 4.3.0"),
        (WebhookResponse(403), "451 4.3.0"),
        (WebhookResponse(413), "552 5.3.4"),
        (WebhookResponse(204), "250 2.0.0"),
    ],
)
async def test_the_peer_keeps_what_could_not_be_stored(answer, line):
    store = Store()
    store.answer = answer
    async with listening(store) as channel:
        peer = await channel.connect()

        heard = await peer.mail()

        assert heard.startswith(line)
        assert "budi" not in heard
        store.answer = WebhookResponse()
        assert (await peer.mail()).startswith("250")


async def test_250_comes_only_after_the_mail_was_stored():
    store = Store()
    store.open.clear()
    async with listening(store) as channel:
        peer = await channel.connect()
        answering = asyncio.create_task(peer.mail())
        await asyncio.wait_for(store.entered.wait(), 10)

        done, _ = await asyncio.wait({answering}, timeout=0.05)
        assert not done
        store.open.set()
        assert (await asyncio.wait_for(answering, 10)).startswith("250")


async def test_size_is_limited_when_declared_and_when_sent():
    store = Store()
    async with listening(store, max_size=64 * 1024) as channel:
        peer = await channel.connect()

        assert (await peer.say("MAIL FROM:<b@example.org> SIZE=70000")).startswith("552")
        assert (await peer.mail("x" * 70_000 + "\r\n")).startswith("552")
        assert (await peer.mail("\r\n" * 40_000)).startswith("552")
        assert (await peer.mail("x.\r\n" * 17_000)).startswith("552")
        exact = "x" * (64 * 1024 - 2) + "\r\n"
        assert (await peer.mail(exact)).startswith("250")
        assert [one.body for one in store.requests] == [exact.encode()]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", ""),
        ("..\r\n", ".\r\n"),
        ("a\r\n..b\r\n.c\r\n", "a\r\n.b\r\nc\r\n"),
        ("ends.\r\nwith.\r\n", "ends.\r\nwith.\r\n"),
        ("bare\n.\nfeeds\r\n", "bare\n.\nfeeds\r\n"),
        ("bare\r.\rreturns\r\n", "bare\r.\rreturns\r\n"),
        ("x" * 100_000 + "\r\n", "x" * 100_000 + "\r\n"),
        ("x" * 65_535 + ".\r\n" + "y" * 65_534 + ".\r\n", "x" * 65_535 + ".\r\n" + "y" * 65_534 + ".\r\n"),
    ],
)
async def test_the_text_is_kept_to_the_byte_but_for_doubled_stops(sent, kept):
    store = Store()
    async with listening(store) as channel:
        peer = await channel.connect()

        assert (await peer.mail(sent)).startswith("250")
        assert (await peer.mail()).startswith("250"), "and the session goes on"
        assert store.requests[0].body == kept.encode()


async def test_a_text_in_many_small_packets_and_pipelined_commands_is_read():
    store = Store()
    async with listening(store) as channel:
        peer = await channel.connect()
        await peer.envelope()
        await peer.say("DATA")
        for byte in f"{MAIL}.\r\n".encode():
            peer.writer.write(bytes([byte]))
            await peer.writer.drain()
        assert (await peer.hear()).startswith("250")

        head = b"MAIL FROM:<b@example.org>\r\nRCPT TO:<aduan@example.go.id>\r\nDATA\r\n"
        peer.writer.write(head + f"{MAIL}.\r\nQUIT\r\n".encode())
        assert [(await peer.hear())[:3] for _ in range(5)] == ["250", "250", "354", "250", "221"]
        assert [one.body for one in store.requests] == [MAIL.encode()] * 2


@pytest.mark.parametrize(
    "line", ["DATA", "RCPT TO:<aduan@example.go.id>", "VRFY x", "AUTH PLAIN x", "x" * 70_000, "\xff"]
)
async def test_odd_commands_get_an_answer_and_the_session_goes_on(line):
    store = Store()
    async with listening(store) as channel:
        peer = await channel.connect()

        assert (await peer.say(line))[:1] in "245"
        assert (await peer.mail()).startswith("250")


async def test_hostile_addresses_get_an_answer():
    async with listening(Store()) as channel:
        peer = await channel.connect()

        for address in ("(" * 200 + ")" * 200 + "a@b", '"' * 100, "<" * 200, "a@" * 100, "\u202e@b"):
            assert (await peer.say(f"MAIL FROM:<{address}>"))[:1] in "245"
            await peer.say("RSET")
        assert (await peer.mail()).startswith("250")


async def test_an_address_beyond_ascii_is_taken():
    store = Store()
    async with listening(store, "smtp") as channel:
        peer = await channel.connect()

        assert "SMTPUTF8" in channel.greeting
        assert (await peer.say("MAIL FROM:<séti@example.org> SMTPUTF8")).startswith("250")
        assert (await peer.say("RCPT TO:<aduan@example.go.id>")).startswith("250")
        await peer.say("DATA")
        assert (await peer.say(MAIL + ".")).startswith("250")
        assert store.requests[0].header("x-envelope-from") == "séti@example.org"


async def test_a_peer_that_hangs_up_does_not_stop_the_storing():
    store = Store()
    store.open.clear()
    async with listening(store) as channel:
        peer = await channel.connect()
        await peer.envelope()
        await peer.say("DATA")
        peer.writer.write(f"{MAIL}.\r\n".encode())
        await asyncio.wait_for(store.entered.wait(), 10)
        peer.writer.transport.abort()
        store.open.set()

        await asyncio.wait_for(channel.close(), 10)

        assert len(store.requests) == 1


async def test_quiet_ends_idle_peers_and_lets_a_mail_under_way_end():
    store = Store()
    store.open.clear()
    async with listening(store) as channel:
        idle, busy, place = await channel.connect(), await channel.connect(), channel.listening
        answering = asyncio.create_task(busy.mail())
        await asyncio.wait_for(store.entered.wait(), 10)

        await channel.quiet()

        assert (await idle.hear()).startswith("421 4.3.2")
        assert await idle.hear() == ""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*place)
        store.open.set()
        assert (await asyncio.wait_for(answering, 10)).startswith("250")
        assert (await busy.hear()).startswith("421")
        assert len(store.requests) == 1


async def test_close_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(listener, "GRACE", 0.05)
    store = Store()
    store.open.clear()
    async with listening(store) as channel:
        stuck, slow = await channel.connect(), await channel.connect()
        answering = asyncio.create_task(stuck.mail())
        await slow.envelope()
        await slow.say("DATA")
        await asyncio.wait_for(store.entered.wait(), 10)

        await asyncio.wait_for(channel.close(), 10)

        assert await asyncio.wait_for(answering, 10) == ""
        assert not store.requests
        assert channel.listening is None


async def test_too_many_peers_are_told_to_come_again(monkeypatch):
    monkeypatch.setattr(listener, "SESSIONS", 1)
    async with listening(Store()) as channel:
        first = await channel.connect()
        await channel.connect(greet=False)

        assert channel.banner.startswith("421 4.3.2")
        assert (await first.mail()).startswith("250")


async def test_the_place_is_free_again_after_closing():
    async with listening(Store()) as channel:
        host, port = channel.listening
    server = await asyncio.start_server(lambda *_: None, host, port)
    server.close()
    await server.wait_closed()
    assert channel.listening is None


async def test_no_address_or_text_is_logged(caplog, capsys):
    store = Store()
    with caplog.at_level(logging.DEBUG):
        async with listening(store) as channel:
            peer = await channel.connect()
            await peer.mail()
            store.answer = RuntimeError("budi@example.org")
            await peer.mail()
            await peer.say("budi@example.org")

    told = caplog.text + "".join(capsys.readouterr())
    assert "mail.deferred" in told
    assert "budi" not in told
    assert "parkir" not in told
