"""The demo's own routes beside the gateway's: the page, what the phone shows, and writing as a citizen."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec
from aiohttp import web

from treckk_gateway.model import Reason, Role
from treckk_gateway.model.lifecycle import TRANSITIONS
from treckk_gateway.server.demo.world import World

_TYPES = {"page.html": "text/html", "page.css": "text/css", "page.js": "text/javascript"}
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:"
_ROLES = ((Role.ADMIN, "Front desk"), (Role.LEADERSHIP, "Leadership"), (Role.TEAM, "Team in the field"))
_HINTS = (
    "Pak ada orang jualan di trotoar depan pasar Paringin, jadi macet tiap pagi",
    "halo",
    "STATUS",
    "apa saja tugas satpol pp?",
    "terima kasih pak",
    "BELUM, mereka buka lagi tadi malam",
)


class Writing(msgspec.Struct, forbid_unknown_fields=True):
    """What the visitor typed as a citizen."""

    channel: str
    text: str


def add_routes(app: web.Application, world: World) -> None:
    """Serve the page at `/`."""
    page = Page(world)
    app.router.add_get("/", page.show)
    app.router.add_get("/demo/state", page.state)
    app.router.add_post("/demo/write", page.write)
    app.router.add_get("/demo/events", page.events)
    app.router.add_get("/demo/{name}", page.file)


class Page:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        profile = world.gateway.profile
        self._places = {one.code: one.name for one in profile.districts} | {
            one.code: one.name for one in profile.villages
        }
        self._steps = [
            {"from": one.source, "to": one.target, "roles": sorted(one.roles), "needs": list(one.needs)}
            for one in TRANSITIONS
        ]

    async def show(self, _request: web.Request) -> web.Response:
        """The page."""
        return self._file("page.html")

    async def file(self, request: web.Request) -> web.Response:
        """Its style and script."""
        name = request.match_info["name"]
        if name not in _TYPES:
            raise web.HTTPNotFound
        return self._file(name)

    async def state(self, _request: web.Request) -> web.Response:
        """Everything the page draws besides cases, which it asks the API for."""
        profile = self._world.gateway.profile
        return _json(
            {
                "channels": self._world.phones(),
                "tokens": self._world.tokens,
                "roles": [[role, title] for role, title in _ROLES],
                "steps": self._steps,
                "posts": [[one.post_id, one.name] for one in profile.posts],
                "places": self._places,
                "reasons": list(Reason),
                "offices": [[code, office.name] for code, office in profile.offices.items()],
                "books": await self._world.gateway.counters(),
                "hints": _HINTS,
            }
        )

    async def write(self, request: web.Request) -> web.Response:
        """The visitor writes as a citizen: over the provider, signed, like any message."""
        try:
            writing = msgspec.json.decode(await request.read(), type=Writing)
            await self._world.write(writing.channel, writing.text)
        except (msgspec.DecodeError, LookupError) as problem:
            raise web.HTTPBadRequest(text=str(problem)) from problem
        return _json({"sent": True})

    async def events(self, request: web.Request) -> web.StreamResponse:
        """A line each time something may look different."""
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await stream.prepare(request)
        heard = self._world.subscribe()
        try:
            while not self._world.closing:
                await heard.wait()
                heard.clear()
                await stream.write(b"data: changed\n\n")
        except ConnectionError:
            pass
        finally:
            self._world.unsubscribe(heard)
        return stream

    def _file(self, name: str) -> web.Response:
        body = files(__package__).joinpath(name).read_bytes()
        headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        return web.Response(body=body, content_type=_TYPES[name], charset="utf-8", headers=headers)


def _json(value: Any) -> web.Response:  # noqa: ANN401 JSON
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
