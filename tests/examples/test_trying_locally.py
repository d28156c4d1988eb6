"""What the channels' pages say about trying a channel without an account: run as written, but on free ports."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import sys
from pathlib import Path

import pytest
from aiohttp import web

from treckk_gateway import Gateway
from treckk_gateway.server import application

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "channels"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def block():
    """A code block below "Trying it locally", with a free port for each port in it, the same in all blocks."""
    ports: dict[str, str] = {}

    def find(page, kind):
        text = (PAGES / page).read_text(encoding="utf-8").partition("## Trying it locally")[2]
        found = re.search(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]
        return re.sub(r"\b80\d\d\b", lambda written: ports.setdefault(written[0], free_port()), found), ports

    return find


@pytest.mark.parametrize("page", ["twilio.md", "email.md"])
async def test_what_a_page_shows_ends_with_a_receipt(page, block, tmp_path):
    (tmp_path / "gateway.key").write_text(base64.b64encode(bytes(range(32))).decode())
    (tmp_path / "twilio.token").write_text("sandbox-token-0001\n")
    configuration, ports = block(page, "toml")
    config = tmp_path / "treckk.toml"
    config.write_text(configuration)
    program, _ = block(page, "python")

    async with Gateway.from_config(config) as gateway:
        runner = web.AppRunner(application(gateway), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(ports["8080"])).start()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(40):
            out, err = await process.communicate()
        await runner.cleanup()

    assert process.returncode == 0, err.decode()
    assert re.search(r"TRK-\d{4}-00001", out.decode())
