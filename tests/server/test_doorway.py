from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from aiohttp import web

from treckk_gateway.errors import ConfigError
from treckk_gateway.server.doorway import ALIVE, Doorway
from treckk_gateway.settings import Listen, read_listen


@pytest.fixture
def config(tmp_path):
    """A file of which nothing is good but where to listen."""
    file = tmp_path / "treckk.toml"
    file.write_text('[gateway]\nlisten = "127.0.0.1:0"\npublic_url = 3\n[unknown]\n')
    return file


@pytest.fixture
async def door(config):
    opened = Doorway.open(config)
    yield opened
    opened.close()


@attrs.frozen
class Call:
    """A connection to the door."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def told(self):
        async with asyncio.timeout(5):
            return await self.reader.read()


@pytest.fixture
async def dial():
    """Connects to a door; every connection is closed at the end."""
    calls = []

    async def connect(door):
        calls.append(Call(*await asyncio.open_connection("127.0.0.1", door.port)))
        return calls[-1]

    yield connect
    for one in calls:
        one.writer.close()
        with contextlib.suppress(OSError):
            await one.writer.wait_closed()


async def held(door, count):
    """Wait until so many connections stand at the door."""
    async with asyncio.timeout(5):  # nothing tells when the kernel has brought them
        while len(door._waiting) + len(door._silent) < count:
            await asyncio.sleep(0)


async def test_it_says_that_we_live_before_anything_is_loaded(door, dial):
    for _ in range(3):
        call = await dial(door)
        call.writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        told = await call.told()
        assert told.startswith(b"HTTP/1.1 200 OK\r\n")
        assert told.endswith(b"\r\n\r\n" + ALIVE)


async def test_everybody_else_waits_and_is_answered_by_the_server(door, dial):
    async def answer(request):
        return web.Response(body=await request.read())

    whole, part, silent, gone = [await dial(door) for _ in range(4)]
    whole.writer.write(b"POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc")
    part.writer.write(b"GET /he")
    gone.writer.write(b"POST /x HTTP/1.1\r\n")
    await held(door, 4)
    gone.writer.transport.abort()

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await door.hand_over(runner.server)
        await web.SockSite(runner, door.listener).start()
        part.writer.write(b"alth HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        silent.writer.write(b"POST /y HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nde")
        late = await dial(door)
        late.writer.write(b"POST /z HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nf")

        for call, body in ((whole, b"abc"), (part, b""), (silent, b"de"), (late, b"f")):
            told = await call.told()
            assert told.startswith(b"HTTP/1.1 200 OK\r\n")
            assert told.endswith(b"\r\n\r\n" + body)
    finally:
        await runner.cleanup()


async def test_closing_turns_everybody_away(door, dial):
    one, two = await dial(door), await dial(door)
    two.writer.write(b"POST /x HTTP/1.1\r\n\r\n")
    await held(door, 2)
    door.close()
    for call in (one, two):
        with contextlib.suppress(ConnectionResetError):
            assert await call.told() == b""


async def test_a_port_in_use_is_a_refused_setting(config):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config.write_text(f'[gateway]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"')
        with pytest.raises(ConfigError, match=r"treckk\.toml: gateway\.listen: cannot listen there"):
            Doorway.open(config)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (None, "cannot be read: No such file"),
        ("[gateway", "is not valid TOML"),
        ("[gateway]\nlisten = 8080", r"gateway\.listen: write host:port"),
        ('[gateway]\nlisten = "127.0.0.1:70000"', r"gateway\.listen: write host:port"),
    ],
)
def test_where_to_listen_is_refused_with_its_reason(tmp_path, written, reason):
    file = tmp_path / "treckk.toml"
    if written is not None:
        file.write_text(written)
    with pytest.raises(ConfigError, match=reason):
        read_listen(file)


@pytest.mark.parametrize("written", ["", "gateway = 3", "[gateway]"])
def test_where_nothing_is_said_it_is_the_default(tmp_path, written):
    file = tmp_path / "treckk.toml"
    file.write_text(written)
    assert read_listen(file) == Listen(host="127.0.0.1", port=8080)


def test_a_file_that_is_refused_ends_the_server_though_the_door_was_open(config):
    done = subprocess.run(
        [str(Path(sys.executable).parent / "treckk"), "serve", "--config", str(config)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"treckk: {config}: unknown: unknown key")
    assert done.stderr.count("\n") == 1
