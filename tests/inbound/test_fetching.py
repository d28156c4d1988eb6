from __future__ import annotations

import asyncio
import gzip
import zlib
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from treckk_gateway.channel import MediaSource
from treckk_gateway.errors import MediaGone, MediaRefused, MediaUnavailable, PayloadError
from treckk_gateway.inbound.fetching import Bounds, Fetcher

MEGABYTE = 1_000_000
BOUNDS = Bounds(most=MEGABYTE, seconds=5)


class Host:
    """A provider's host on loopback that answers as it is told, and remembers what it was asked."""

    def __init__(self):
        self.asked = []
        self.answer = None
        self.drip = asyncio.Event()

    @asynccontextmanager
    async def up(self):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self.drip.set()
            await runner.cleanup()

    def source(self, path="/file", **more):
        return MediaSource(
            url=self.origin + path,
            headers={"Authorization": "Basic c2VjcmV0"},
            hosts=("127.0.0.1",),
            origin=self.origin,
            **more,
        )

    async def _handle(self, request):
        self.asked.append((request.method, request.path, request.headers.get("Authorization")))
        return await self.answer(request) if asyncio.iscoroutinefunction(self.answer) else self.answer(request)


@pytest.fixture
async def host():
    async with Host().up() as one:
        yield one


@pytest.fixture
async def fetcher():
    one = Fetcher()
    yield one
    await one.close()


async def test_a_file_is_fetched_with_the_credentials(host, fetcher):
    host.answer = lambda _: web.Response(body=b"content")

    assert await fetcher.fetch(host.source(), BOUNDS) == b"content"
    assert host.asked == [("GET", "/file", "Basic c2VjcmV0")]


async def test_a_provider_may_be_asked_where_the_file_lies(host, fetcher):
    host.answer = lambda request: web.Response(body=b"/file" if request.path == "/where" else b"GIF89a")
    asking = host.source("/where", then=lambda answer: host.source(answer.decode()))

    assert await fetcher.fetch(asking, BOUNDS) == b"GIF89a"
    assert [path for _, path, _ in host.asked] == ["/where", "/file"]


async def test_an_answer_that_does_not_say_where_is_refused(host, fetcher):
    def unclear(_answer):
        raise PayloadError("no file_path")

    host.answer = lambda request: web.Response(body=b"{}")
    with pytest.raises(MediaRefused, match="does not say where"):
        await fetcher.fetch(host.source("/where", then=unclear), BOUNDS)
    host.answer = lambda request: web.Response(body=b"x" * 70_000)
    with pytest.raises(MediaRefused, match="too large"):
        await fetcher.fetch(host.source("/where", then=unclear), BOUNDS)


async def test_a_place_that_a_provider_names_is_checked_like_any_other(host, fetcher):
    host.answer = lambda request: web.Response(body=b"ok")
    elsewhere = MediaSource(url="https://169.254.169.254/latest", hosts=("169.254.169.254",))

    with pytest.raises(MediaRefused):
        await fetcher.fetch(host.source("/where", then=lambda _answer: elsewhere), BOUNDS)


async def test_a_redirect_gets_no_credentials_even_on_the_same_host(host, fetcher):
    host.answer = lambda request: (
        web.Response(body=b"content")
        if request.path == "/cdn"
        else web.Response(status=307, headers={"Location": "/cdn"})
    )

    assert await fetcher.fetch(host.source(), BOUNDS) == b"content"
    assert host.asked == [("GET", "/file", "Basic c2VjcmV0"), ("GET", "/cdn", None)]


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:1/cdn", "http://localhost/cdn", "https://evil.example/cdn", "https://127.0.0.1/cdn", "file:///etc/passwd",
        "http://[::1]/cdn", "//169.254.169.254/latest", "https://169.254.169.254/", "ftp://127.0.0.1/", "https://user@cdn.example/",
        "https://cdn.example:22/", "javascript:alert(1)",
    ],
)  # fmt: skip
async def test_a_redirect_elsewhere_is_refused(host, fetcher, place):
    host.answer = lambda _: web.Response(status=302, headers={"Location": place})

    with pytest.raises(MediaRefused):
        await fetcher.fetch(host.source(redirects=("cdn.example",)), BOUNDS)
    assert len(host.asked) == 1


async def test_redirects_end(host, fetcher):
    host.answer = lambda _: web.Response(status=302, headers={"Location": "/again"})

    with pytest.raises(MediaRefused, match="too often"):
        await fetcher.fetch(host.source(), BOUNDS)
    assert len(host.asked) == 4


async def test_a_host_that_was_not_configured_is_looked_up_with_the_guard(host):
    class Rebinding:
        async def resolve(self, name, port=0, family=0):
            return [{"hostname": name, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

        async def close(self):
            pass

    fetcher = Fetcher(Rebinding())
    source = MediaSource(
        url="https://files.example.org/a", headers={"Authorization": "x"}, hosts=("files.example.org",)
    )
    try:
        with pytest.raises(MediaRefused, match="not public"):
            await fetcher.fetch(source, BOUNDS)
    finally:
        await fetcher.close()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, MediaUnavailable), (429, MediaUnavailable), (500, MediaUnavailable), (503, MediaUnavailable), (410, MediaGone),
        (401, MediaRefused), (403, MediaRefused), (204, MediaRefused), (206, MediaRefused),
    ],
)  # fmt: skip
async def test_each_answer_carries_whether_another_try_may_help(host, fetcher, status, error):
    host.answer = lambda _: web.Response(status=status)

    with pytest.raises(error):
        await fetcher.fetch(host.source(), BOUNDS)


async def test_a_file_over_the_bound_is_refused_whatever_it_claims(host, fetcher):
    host.answer = lambda _: web.Response(body=b"x" * (MEGABYTE + 1))
    with pytest.raises(MediaRefused, match="too large"):
        await fetcher.fetch(host.source(), BOUNDS)

    async def unclaimed(request):
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for _ in range(40):
            await response.write(b"x" * 65536)
        return response

    host.answer = unclaimed
    with pytest.raises(MediaRefused, match="too large"):
        await fetcher.fetch(host.source(), BOUNDS)


async def test_ten_claimed_gigabytes_are_refused_before_they_are_read(host, fetcher):
    async def huge(request):
        response = web.StreamResponse(headers={"Content-Length": str(10 * 1000 * MEGABYTE)})
        await response.prepare(request)
        await host.drip.wait()
        return response

    host.answer = huge
    with pytest.raises(MediaRefused, match="too large"):
        await fetcher.fetch(host.source(), BOUNDS)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_decompression_bomb_ends_at_the_bound(host, fetcher, encoding):
    bomb = gzip.compress(b"\0" * (100 * MEGABYTE)) if encoding == "gzip" else zlib.compress(b"\0" * (100 * MEGABYTE))
    host.answer = lambda _: web.Response(body=bomb, headers={"Content-Encoding": encoding})

    with pytest.raises(MediaRefused, match="too large"):
        await fetcher.fetch(host.source(), BOUNDS)


async def test_an_encoded_file_within_the_bound_is_unfolded(host, fetcher):
    host.answer = lambda _: web.Response(body=gzip.compress(b"content"), headers={"Content-Encoding": "gzip"})
    assert await fetcher.fetch(host.source(), BOUNDS) == b"content"

    host.answer = lambda _: web.Response(body=b"no gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(MediaRefused, match="broken"):
        await fetcher.fetch(host.source(), BOUNDS)

    host.answer = lambda _: web.Response(body=b"x", headers={"Content-Encoding": "br"})
    with pytest.raises(MediaRefused, match="nobody asked for"):
        await fetcher.fetch(host.source(), BOUNDS)


async def test_a_slow_drip_ends_in_time(host, fetcher):
    async def dripping(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        await host.drip.wait()
        return response

    host.answer = dripping
    with pytest.raises(MediaUnavailable, match="in time"):
        await fetcher.fetch(host.source(), Bounds(most=MEGABYTE, seconds=0.2))


async def test_a_host_that_is_down_may_be_asked_again(host, fetcher):
    source = MediaSource(url="http://127.0.0.1:9/x", hosts=("127.0.0.1",), origin="http://127.0.0.1:9")

    with pytest.raises(MediaUnavailable):
        await fetcher.fetch(source, BOUNDS)


async def test_the_providers_copy_is_deleted_with_the_credentials(host, fetcher):
    host.answer = lambda _: web.Response(status=204)
    assert await fetcher.discard(host.source())
    assert host.asked == [("DELETE", "/file", "Basic c2VjcmV0")]

    host.answer = lambda _: web.Response(status=500)
    assert not await fetcher.discard(host.source())
