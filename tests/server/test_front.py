"""What goes through the front is answered and heard as aiohttp alone would, whatever comes in however many pieces."""

from __future__ import annotations

import asyncio
import gzip
import re
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from treckk_gateway import WebhookResponse
from treckk_gateway.server import application, front, running

HOST = "127.0.0.1"
LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def post(body: bytes = b"a=1&b=%2B", *, path: str = "/channels/whatsapp", length: int | None = None, more: str = ""):
    return (
        f"POST {path} HTTP/1.1\r\nHost: aduan\r\nX-Twilio-Signature: abc\r\n{more}"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    ).encode() + body


PLAIN = post()
GOOD = {
    "query": post(path="/channels/whatsapp?delivery=01&x=%C3%A9"),
    "no such channel": post(path="/channels/nobody"),
    "below the public path": post(path="/aduan/channels/whatsapp"),
    "encoded name": post(path="/channels/wh%61tsapp"),
    "absolute form": post(path="http://evil.example/channels/whatsapp"),
    "get": b"GET /channels/whatsapp?hub=1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "empty": post(b""),
    "doubled header": post(more="X-Twilio-Signature: def\r\n"),
    "chunked": b"POST /channels/whatsapp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n",
    "compressed": post(gzip.compress(b"a=1", mtime=0), more="Content-Encoding: gzip\r\n"),
    "expecting": post(more="Expect: 100-continue\r\n"),
    "closing": post(more="Connection: close\r\n"),
    "long": post(b"a=" + b"x" * front.LONGEST),
}
BAD = {
    "old version": PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "two lengths": post(more="Content-Length: 4\r\n"),
    "length and chunks": post(more="Transfer-Encoding: chunked\r\n"),
    "negative length": post(length=-1),
    "space before the colon": PLAIN.replace(b"Host:", b"Host :"),
    "folded header": post(more="X-Long: a\r\n b\r\n"),
    "upgrade": post(more="Connection: Upgrade\r\nUpgrade: websocket\r\n"),
    "binary": bytes(range(256)),
    "bytes in the path that are no text": PLAIN.replace(b"/whatsapp ", b"/whatsapp\xff "),
    "bytes in the query that are no text": PLAIN.replace(b"/whatsapp ", b"/whatsapp?a=\xff "),
    "too long": post(b"a=" + b"x" * 2_000_000),
    "many headers": post(more="".join(f"X-{one}: y\r\n" for one in range(200))),
}


@asynccontextmanager
async def serving(listener, *, fronted: bool):
    if fronted:
        async with running.answering(listener) as protocols:
            server = await asyncio.get_running_loop().create_server(protocols, HOST, 0)
            yield server.sockets[0].getsockname()[1]
            server.close()
        return
    runner = web.AppRunner(application(listener), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def said(port: int, pieces, *, first: bytes = b"") -> bytes:
    """What came back; the pieces are sent once `first` is answered."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        if first:
            writer.write(first)
            await asyncio.wait_for(reader.readuntil(b"<Response/>"), 60)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return await asyncio.wait_for(reader.read(), 60)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def answers(said: bytes) -> list[tuple[bytes, ...]]:
    """Status, body and the headers that mean something of each answer."""
    found = []
    while said:
        head, _, rest = said.partition(b"\r\n\r\n")
        fields = {line.partition(b":")[0].lower(): line.partition(b":")[2].strip() for line in head.split(b"\r\n")[1:]}
        length = int(fields.get(b"content-length", b"0"))
        kept = tuple(fields.get(one, b"") for one in (b"content-type", b"retry-after", b"content-length"))
        found.append((head.split(b" ")[1], rest[:length], *kept))
        said = rest[length:]
    return found


async def exchanged(listener, pieces, *, fronted: bool, first: bytes = b""):
    listener.heard.clear()
    async with serving(listener, fronted=fronted) as port:
        written = await said(port, pieces, first=first)
    heard = [(one.method, one.url, sorted(one.headers.items()), one.body) for one in listener.heard]
    return answers(written), heard


@pytest.mark.parametrize("name", [*GOOD, *BAD])
async def test_whatever_is_not_plain_is_answered_as_aiohttp_alone_answers(listener, name):
    pieces = [(GOOD | BAD)[name], LAST]

    alone = await exchanged(listener, pieces, fronted=False, first=PLAIN)
    through = await exchanged(listener, pieces, fronted=True, first=PLAIN)

    assert through == alone
    assert through[1][0][1] == "https://aduan.example.go.id/channels/whatsapp"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.lists(st.sampled_from([PLAIN, *GOOD.values()]), min_size=1, max_size=4),
    cuts=st.lists(st.integers(0, 400), max_size=4),
)
@example(chosen=[PLAIN, PLAIN], cuts=[len(PLAIN) + 10])
@example(chosen=[PLAIN], cuts=[len(PLAIN) + 1])
async def test_pieces_and_pipelines_change_nothing(listener, chosen, cuts):
    whole = b"".join(chosen) + LAST
    places = sorted({0, len(whole), *cuts})
    pieces = [whole[begin:end] for begin, end in zip(places, places[1:], strict=False)]

    assert await exchanged(listener, pieces, fronted=True) == await exchanged(listener, pieces, fronted=False)


REPLIES = [
    WebhookResponse(403),
    WebhookResponse(503, headers={"Retry-After": "30"}),
    WebhookResponse(204),
    WebhookResponse(200, "é".encode(), "text/plain; charset=utf-8"),
    RuntimeError("out of order"),
]


@pytest.mark.parametrize("reply", REPLIES, ids=lambda one: str(getattr(one, "status", "failing")))
async def test_each_answer_reads_as_through_aiohttp(listener, reply):
    listener.answer = reply

    assert await exchanged(listener, [PLAIN, LAST], fronted=True) == await exchanged(
        listener, [PLAIN, LAST], fronted=False
    )


async def test_a_header_cannot_be_written_with_a_line_feed(listener):
    listener.answer = WebhookResponse(200, headers={"X-Echo": "a\r\nSet-Cookie: b"})

    async with serving(listener, fronted=True) as port:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(PLAIN)
        written = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        writer.close()

    assert written.startswith(b"HTTP/1.1 500 ")
    assert b"Set-Cookie" not in written


class Held:
    """A gateway that answers when told to."""

    def __init__(self, listener) -> None:
        self.settings, self.channels, self.profile = listener.settings, listener.channels, listener.profile
        self.largest = listener.largest
        self.asked, self.allowed = asyncio.Event(), asyncio.Event()

    async def receive(self, _channel_id, _request):
        self.asked.set()
        await self.allowed.wait()
        return WebhookResponse(200, b"done")


async def test_what_is_under_way_is_answered_at_the_end_and_every_connection_closed(listener):
    gateway = Held(listener)
    serving_it = serving(gateway, fronted=True)
    port = await serving_it.__aenter__()
    idle_reader, idle = await asyncio.open_connection(HOST, port)
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(PLAIN)
    await gateway.asked.wait()

    ending = asyncio.create_task(serving_it.__aexit__(None, None, None))
    asyncio.get_running_loop().call_later(0.05, gateway.allowed.set)

    assert b"done" in await asyncio.wait_for(reader.read(), 60)
    assert await asyncio.wait_for(idle_reader.read(), 60) == b""
    await ending
    idle.close()
    writer.close()


async def test_whoever_leaves_before_the_answer_disturbs_nobody(listener):
    gateway = Held(listener)
    async with serving(gateway, fronted=True) as port:
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(PLAIN)
        await gateway.asked.wait()
        writer.transport.abort()
        gateway.allowed.set()

        assert re.match(rb"HTTP/1.1 200 OK\r\n", await said(port, [PLAIN, LAST]))


async def test_a_connection_silent_for_too_long_is_closed(listener, monkeypatch):
    monkeypatch.setattr(front, "IDLE_SECONDS", -1.0)
    monkeypatch.setattr(front, "_LOOK_SECONDS", 0.01)

    async with serving(listener, fronted=True) as port:
        reader, writer = await asyncio.open_connection(HOST, port)

        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
