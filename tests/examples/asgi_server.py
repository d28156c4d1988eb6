"""A small ASGI server on a real socket, so that the ASGI example needs no server package to be tested."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Event = MutableMapping[str, Any]
App = Callable[..., Awaitable[None]]


class StartupFailedError(RuntimeError):
    """The application said that it cannot start."""


@asynccontextmanager
async def living(app: App):
    """The lifespan protocol around the block: started before it, ended after it."""
    told: asyncio.Queue[Event] = asyncio.Queue()
    said: asyncio.Queue[Event] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, told.get, said.put))
    await told.put({"type": "lifespan.startup"})
    begun = await said.get()
    if begun["type"] == "lifespan.startup.failed":
        await task
        raise StartupFailedError(begun["message"])
    yield
    await told.put({"type": "lifespan.shutdown"})
    assert (await said.get())["type"] == "lifespan.shutdown.complete"
    await task


def server(app: App, *, root_path: str = "", raw: bool = True, root_in_path: bool = True) -> web.Server:
    """Serves HTTP. `raw` gives `raw_path`, which the protocol leaves open; a proxy may have cut `root_path` off."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        root = root_path if root_in_path else ""
        scope = {
            "type": "http",
            "method": request.method,
            "path": root + request.path,
            "query_string": query.encode("latin-1"),
            "root_path": root_path,
            "headers": [(name.lower(), value) for name, value in request.raw_headers],
        }
        if raw:
            scope["raw_path"] = (root + path).encode("latin-1")
        sent: list[Event] = []

        async def receive() -> Event:
            chunk = await request.content.readany()
            return {"type": "http.request", "body": chunk, "more_body": not request.content.at_eof()}

        async def send(event: Event) -> None:
            sent.append(event)

        await app(scope, receive, send)
        start, body = sent
        headers = [(name.decode(), value.decode()) for name, value in start["headers"]]
        return web.Response(status=start["status"], headers=headers, body=body["body"])

    return web.Server(handle, access_log=None)
