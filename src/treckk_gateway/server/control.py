"""`control.sock` in the data folder: the same API for whoever may open that file, with an operator's rights.

The command line speaks to it. Where no server runs, the command line opens the data itself and serves the same API to
itself on a socket of its own, so that there is one way through.
"""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import aiohttp
from aiohttp import web

from treckk_gateway.gateway import Gateway
from treckk_gateway.server.answers import AnswerCounts
from treckk_gateway.server.api import api
from treckk_gateway.server.api.bearer import operator
from treckk_gateway.server.health import HealthPages
from treckk_gateway.settings import Settings

NAME = "control.sock"
BASE = "http://control" + api.PREFIX
"""What a client of the socket puts before a path of the API; the host is a name for logs only."""

_LONGEST = 100  # the kernel's limit for a socket's path is 108 bytes on Linux and 104 elsewhere
_OWNER_ONLY = 0o177


@asynccontextmanager
async def control(gateway: Gateway, folder: Path) -> AsyncIterator[Path]:
    """Serve the API on a socket in that folder; only its owner may open it. Raises `OSError` when it cannot be made.

    A socket that an ended process left behind is replaced: who calls this holds the data folder's lock.
    """
    app = web.Application()
    app.router.add_get("/readyz", HealthPages(gateway).ready)
    app.add_subapp(api.PREFIX, api.Api(gateway, operator, AnswerCounts()).application())
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=5.0)
    await runner.setup()
    path = folder / NAME
    try:
        await web.SockSite(runner, _listening(path)).start()
        yield path
    finally:
        await runner.cleanup()
        path.unlink(missing_ok=True)


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the API with an operator's rights: the running server's, else our own over the same data.

    Raises `StoreLocked` when something else holds the data without answering.
    """
    running = settings.data_dir / NAME
    if is_served(running):
        async with client(running) as session:
            yield session
        return
    with tempfile.TemporaryDirectory(prefix="treckk-") as folder:
        async with (
            Gateway.from_config(settings, working=False) as gateway,
            control(gateway, Path(folder)) as path,
            client(path) as session,
        ):
            yield session


def is_served(path: Path) -> bool:
    """Whether a process listens on that socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, _short(path) as name, suppress(OSError):
        probe.connect(name)
        return True
    return False


def _listening(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(_OWNER_ONLY)
    try:
        with _short(path) as name:
            listener.bind(name)
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.setblocking(False)  # noqa: FBT003 the socket module's own argument
    return listener


@asynccontextmanager
async def client(path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that speaks over the socket at that path."""
    with _short(path) as name:
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(name)) as session:
            yield session


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for the path that fits into a socket's address, however deep the folder lies."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
