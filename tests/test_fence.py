from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "10.0.0.1", "example.org", b"example.org"])
def test_a_connection_beyond_this_machine_is_refused_and_remembered(fence, host):
    with pytest.raises(RuntimeError, match="stay on this machine"):
        socket.create_connection((host, 9), timeout=0.1)

    assert len(fence.attempts) == 1
    fence.attempts.clear()


async def test_the_event_loop_and_http_clients_are_fenced_too(fence):
    plain = socket.socket()
    plain.setblocking(False)  # noqa: FBT003 the socket module's own argument
    with plain, pytest.raises(RuntimeError):
        await asyncio.get_running_loop().sock_connect(plain, ("192.0.2.1", 9))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(RuntimeError):
            await session.get("http://192.0.2.1:9/")

    assert len(fence.attempts) == 2
    fence.attempts.clear()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.9.10"])
def test_loopback_is_open(host):
    with socket.create_server(("127.0.0.1" if host == "localhost" else host, 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection((host, port), timeout=5)
        with client:
            assert client.getpeername()[1] == port


def test_the_clock_moves_only_when_told(clock):
    start = clock.now()

    assert clock.now() == start
    assert clock.advance(seconds=1.5, hours=1) == start + 3_601_500_000
    assert clock.seconds() == pytest.approx((start + 3_601_500_000) / 1e6)


def test_ids_and_bytes_never_repeat(ids, random_bytes):
    assert [ids(), ids("a")] == ["id-0001", "a-0002"]
    assert random_bytes(12) != random_bytes(12)
    assert len(random_bytes(32)) == 32
