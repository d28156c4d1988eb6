"""The servers that are measured, each a process: `python servers.py KIND [FOLDER] PORT`."""

from __future__ import annotations

import asyncio
import base64
import signal
import sys
from pathlib import Path

import uvloop
from aiohttp import web

PUBLIC = "https://aduan.example.org"
PATH = "/channels/wa"
_ANSWER = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


async def bare(_request: web.Request) -> web.Response:
    """What aiohttp costs with nothing done."""
    return web.Response(body=_ANSWER, content_type="text/xml")


def asked_to_stop() -> asyncio.Event:
    """What is set when the process is asked to stop."""
    stop = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    return stop


async def listen(app: web.Application, port: int) -> None:
    """Serve until asked to stop."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asked_to_stop().wait()
    await runner.cleanup()


async def serve_bare(port: int) -> None:
    """The bare handler on the same path."""
    app = web.Application()
    app.router.add_post(PATH, bare)
    await listen(app, port)


async def serve_ours(folder: Path, port: int, *, working: bool) -> None:
    """The gateway's own app; without `working` it receives and stores, and files nothing meanwhile."""
    import os  # noqa: PLC0415

    from load import ACCOUNT, SENDER, TOKEN  # noqa: PLC0415

    from treckk_gateway import Gateway  # noqa: PLC0415
    from treckk_gateway.settings import from_mapping  # noqa: PLC0415

    os.environ["BENCH_KEY"] = base64.b64encode(bytes(range(32))).decode()
    os.environ["BENCH_TOKEN"] = TOKEN
    table = {
        "gateway": {"public_url": PUBLIC, "data_dir": str(folder), "secret_key": "env:BENCH_KEY"},
        "channels": {
            "wa": {
                "adapter": "twilio", "account_sid": ACCOUNT, "auth_token": "env:BENCH_TOKEN", "sender": SENDER,
                "api_base_url": "http://127.0.0.1:9",
            }
        },
    }  # fmt: skip
    from treckk_gateway.server.running import answering, settle_garbage  # noqa: PLC0415

    async with Gateway.from_config(from_mapping(table, where="benchmark", base=folder), working=working) as gateway:
        settle_garbage()  # as `treckk serve` does
        async with answering(gateway) as front:
            server = await asyncio.get_running_loop().create_server(front, "127.0.0.1", port, backlog=1024)
            await asked_to_stop().wait()
            server.close()


def main() -> None:
    """Pick the server by name."""
    kind, port = sys.argv[1], int(sys.argv[-1])
    if kind == "bare":
        uvloop.run(serve_bare(port))
        return
    if kind == "single":
        from treckk_gateway.store.sqlite import writer  # noqa: PLC0415

        writer._BATCH = 1  # noqa: SLF001 the same handler with one commit per message
    uvloop.run(serve_ours(Path(sys.argv[2]), port, working=kind == "working"))


if __name__ == "__main__":
    main()
