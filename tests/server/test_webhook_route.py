from __future__ import annotations

import asyncio
import gzip
import zlib
from email.utils import parsedate_to_datetime

import pytest
from aiohttp import ClientError, web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from yarl import URL

from treckk_gateway import Gateway, WebhookResponse
from treckk_gateway.server import application, subapp

TWILIO_TOKEN = "0123456789abcdef0123456789abcdef"

QUERIES = ("", "?a=1&b=2", "?q=%C3%A9%2F+x", "?empty=&empty=&b=/x/y", "?bodySHA256=00")
NAMES = ("whatsapp", "wh%61tsapp", "%77hatsapp")


async def call(session, server, path, **kwargs):
    url = URL(str(server.make_url("/")).rstrip("/") + path, encoded=True)
    async with session.request(kwargs.pop("method", "POST"), url, **kwargs) as answer:
        return answer, await answer.read()


@pytest.mark.parametrize("public", ["https://aduan.example.go.id", "https://aduan.example.go.id:8443"])
@pytest.mark.parametrize(
    ("mount", "dialled"),
    [("", ""), ("/gw", "/gw"), ("/portal/aduan", "/portal/aduan"), ("/portal/aduan", "/p%6frtal/adu%61n")],
)
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("name", NAMES)
async def test_the_url_is_the_public_one_with_the_raw_path_and_query(
    make_settings, listener, start, client, public, mount, dialled, query, name
):
    listener.settings = make_settings(public_url=public + mount)
    app = subapp(listener)
    if mount:
        parent = web.Application()
        parent.add_subapp(mount, app)
        app = parent
    server = await start(app)
    lies = {"Host": "evil.example.org", "X-Forwarded-Host": "evil.example.org", "X-Forwarded-Proto": "http"}

    answer, _ = await call(client, server, f"{dialled}/channels/{name}{query}", headers=lies, data=b"x")

    assert answer.status == 200
    assert listener.heard[0].url == f"{listener.settings.public_url}/channels/{name}{query}"


@pytest.mark.parametrize("stripped", [True, False])
async def test_a_standing_alone_application_is_found_whether_or_not_the_proxy_removes_the_prefix(
    make_settings, listener, start, client, stripped
):
    listener.settings = make_settings(public_url="https://example.go.id/aduan/v2")
    server = await start(application(listener))
    prefix = "" if stripped else "/aduan/v2"

    answer, _ = await call(client, server, f"{prefix}/channels/whatsapp?x=1")

    assert answer.status == 200
    assert listener.heard[0].url == "https://example.go.id/aduan/v2/channels/whatsapp?x=1"
    assert (await call(client, server, f"{prefix}/healthz", method="GET"))[0].status == 200


async def test_a_target_in_absolute_form_gives_the_same_url(listener, start):
    server = await start(subapp(listener))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"POST http://evil.example.org/channels/whatsapp?a=%2F HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n"), 5)
    writer.close()
    await writer.wait_closed()

    assert b" 200 " in head
    assert listener.heard[0].url == "https://aduan.example.go.id/channels/whatsapp?a=%2F"


@pytest.mark.parametrize("mount", ["", "/gw"])
@pytest.mark.parametrize("query", ["", "?x=%2F%20y&x=1"])
async def test_twilio_itself_would_sign_what_we_check(make_settings, start, client, mount, query):
    async with Gateway.from_config(make_settings(public_url=f"https://aduan.example.go.id{mount}")) as gateway:
        parent = web.Application()
        parent.add_subapp(mount, subapp(gateway)) if mount else None
        server = await start(parent if mount else subapp(gateway))
        form = {"MessageSid": "SM" + "1" * 32, "AccountSid": "AC" + "0" * 32, "From": "whatsapp:+6281200000001"}
        form |= {"To": "whatsapp:+6281100000000", "Body": "halo", "NumMedia": "0"}
        url = f"https://aduan.example.go.id{mount}/channels/whatsapp{query}"
        signature = RequestValidator(TWILIO_TOKEN).compute_signature(url, form)

        path = f"{mount}/channels/whatsapp{query}"
        good, body = await call(client, server, path, data=form, headers={"X-Twilio-Signature": signature})
        bad, nothing = await call(client, server, path + "&z" if query else path + "?z", data=form,
                                  headers={"X-Twilio-Signature": signature})  # fmt: skip

    assert (good.status, good.content_type) == (200, "text/xml")
    assert b"<Response" in body
    assert (bad.status, nothing) == (403, b"")


async def test_headers_arrive_as_sent_doubled_ones_too(listener, start, client):
    server = await start(subapp(listener))
    headers = [("X-Twilio-Signature", "one"), ("X-Twilio-Signature", "two"), ("X-Other", "3")]

    await call(client, server, "/channels/whatsapp", headers=headers, data=b"\x00\xff body")

    heard = listener.heard[0]
    assert heard.headers.getall("X-Twilio-Signature") == ["one", "two"]
    assert heard.header("x-twilio-signature") is None
    assert heard.header("x-other") == "3"
    assert heard.body == b"\x00\xff body"


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_the_gateway_decides_about_every_method(listener, start, client, method):
    server = await start(subapp(listener))

    answer, body = await call(client, server, "/channels/whatsapp", method=method)

    assert listener.heard[0].method == method
    assert answer.status == 200
    assert answer.content_type == "text/xml"
    assert body == (b"" if method == "HEAD" else b"<Response/>")


async def test_unknown_channels_and_methods_get_no_detail(served, client):
    for path, method, status in [
        ("/channels/nowhere", "POST", 404),
        ("/channels/portal", "PUT", 405),
        ("/channels/portal", "POST", 403),
        ("/channels/portal", "GET", 403),
    ]:
        async with client.request(method, served + path) as answer:
            assert (answer.status, await answer.read()) == (status, b"")
            assert answer.headers.get("Allow") == ("GET, HEAD, POST" if status == 405 else None)


def chunks(size):
    async def body():
        for _ in range(size // 1000):
            yield b"a" * 1000

    return body()


@pytest.mark.parametrize(
    ("name", "body", "headers", "status"),
    [
        ("announced", b"a" * 5000, {}, 413),
        ("chunked", None, {}, 413),
        ("gzip bomb", gzip.compress(bytes(50_000_000), mtime=0), {"Content-Encoding": "gzip"}, 413),
        ("deflate bomb", zlib.compress(bytes(50_000_000)), {"Content-Encoding": "deflate"}, 413),
        ("gzip that fits", gzip.compress(b"a=1", mtime=0), {"Content-Encoding": "gzip"}, 200),
        ("broken gzip", b"\x1f\x8b not gzip", {"Content-Encoding": "gzip"}, 400),
        ("exactly full", b"a" * 2048, {}, 200),
        ("one too many", b"a" * 2049, {}, 413),
    ],
)
@pytest.mark.parametrize("around", [1024, 1 << 30])
async def test_bodies_are_bounded_by_our_own_setting_wherever_we_are_mounted(
    make_settings, listener, start, client, name, body, headers, status, around
):
    listener.settings = make_settings(max_body=2048)
    parent = web.Application(client_max_size=around)
    parent.add_subapp("/gw", subapp(listener))
    server = await start(parent)
    data = chunks(50_000) if name == "chunked" else body

    answer, told = await call(client, server, "/gw/channels/whatsapp", data=data, headers=headers)

    assert answer.status == status
    assert bool(listener.heard) == (status == 200)
    assert told == (b"<Response/>" if status == 200 else b"")


async def test_an_answer_of_the_adapter_goes_out_as_it_is(listener, start, client):
    listener.answer = WebhookResponse(202, b"{}", "application/json; charset=utf-8", {"X-Challenge": "7"})
    server = await start(subapp(listener))

    answer, body = await call(client, server, "/channels/whatsapp")

    assert (answer.status, body, answer.headers["X-Challenge"]) == (202, b"{}", "7")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_a_fault_of_ours_never_becomes_words_to_a_citizen(listener, start, client, capsys):
    listener.answer = RuntimeError("secret words")
    server = await start(subapp(listener))

    answer, body = await call(client, server, "/channels/whatsapp")

    assert (answer.status, body) == (500, b"")


async def test_garbage_on_the_wire_is_refused_and_the_server_lives(listener, start, client):
    server = await start(subapp(listener))
    for raw in (
        b"POST /channels/whatsapp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /channels/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /channels/\xff\xfe HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"\x16\x03\x01 not http\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(raw)
        head = await asyncio.wait_for(reader.read(64), 5)
        assert not head.startswith(b"HTTP/1.1 5"), raw
        writer.close()
        await writer.wait_closed()

    assert (await call(client, server, "/healthz", method="GET"))[0].status == 200


@given(
    channel=st.sampled_from(["portal", "lapor", "whatsapp", "%00", "..", "%ff", "a%2Fb"]),
    query=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=30),
    body=st.binary(max_size=300) | st.sampled_from([b"{}", b"a=1&a=2", b'{"type":"x"}', b"%"]),
    headers=st.dictionaries(
        st.sampled_from(["X-Twilio-Signature", "webhook-id", "webhook-timestamp", "webhook-signature", "Content-Type"]),
        st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_categories=("C",)), max_size=20),
        max_size=4,
    ),
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_whatever_is_sent_is_never_answered_5xx(served, client, channel, query, body, headers):
    url = URL(f"{served}/channels/{channel}?{query}", encoded=True)
    async with client.post(url, data=body, headers=headers) as answer:
        assert 400 <= answer.status < 500
        assert channel in {"%00", "..", "%ff", "a%2Fb"} or await answer.read() == b""


async def exchange(port, *requests):
    """What comes back on one connection for these bytes, until the server closes it or has answered all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heads = []
    for raw in requests:
        writer.write(raw)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        heads.append(head.decode().split("\r\n"))
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await writer.wait_closed()
    return heads


POST = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=1"


async def test_a_prepared_answer_is_the_ordinary_one_byte_for_byte_but_for_the_time(listener, start):
    @web.middleware
    async def watching(request, handler):
        return await handler(request)

    parent = web.Application(middlewares=[watching])
    parent.add_subapp("/gw", subapp(listener))
    ordinary, alone = await start(parent), await start(subapp(listener))

    (expected,) = await exchange(ordinary.port, POST % b"/gw/channels/whatsapp")
    first, second = await exchange(alone.port, POST % b"/channels/whatsapp", POST % b"/channels/whatsapp")

    def undated(head):
        return [line for line in head if not line.startswith("Date: ")]

    assert undated(first) == undated(second) == undated(expected)
    assert len(first) == len(expected), "a date as well"
    date = next(line for line in first if line.startswith("Date: ")).removeprefix("Date: ")
    assert parsedate_to_datetime(date).tzinfo is not None


@pytest.mark.parametrize("way", ["middleware", "signal"])
async def test_a_portal_that_looks_at_answers_sees_ours(listener, start, client, way):
    async def marked(_request, response):
        response.headers["X-Portal"] = "seen"

    @web.middleware
    async def marking(request, handler):
        response = await handler(request)
        await marked(request, response)
        return response

    parent = web.Application(middlewares=[marking] if way == "middleware" else [])
    if way == "signal":
        parent.on_response_prepare.append(marked)
    parent.add_subapp("/gw", subapp(listener))
    server = await start(parent)

    for _ in range(2):
        answer, _ = await call(client, server, "/gw/channels/whatsapp")
        assert answer.headers.getall("X-Portal") == ["seen"]


@pytest.mark.parametrize(
    "raw",
    [
        POST.replace(b"1.1", b"1.0"),
        POST.replace(b"Host: x", b"Host: x\r\nConnection: close"),
    ],
)
async def test_who_closes_the_connection_is_answered_and_closed(listener, start, raw):
    server = await start(subapp(listener))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(raw % b"/channels/whatsapp")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()

    assert b" 200 OK" in answer
    assert answer.endswith(b"<Response/>")


async def test_an_answer_that_cannot_be_written_as_it_is_is_no_reason_to_break(listener, start, client):
    listener.answer = WebhookResponse(200, b"x" * 5000, "text/plain")
    server = await start(subapp(listener))
    assert (await call(client, server, "/channels/whatsapp"))[1] == b"x" * 5000

    listener.answer = WebhookResponse(200, b"x", "text/plain\r\nX-Evil: 1")
    with pytest.raises(ClientError):
        await call(client, server, "/channels/whatsapp")
