"""The REST service of the stand-in for Twilio: Basic auth, messages, account, files, and the trouble it can make."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Self
from urllib.parse import urlencode

import attrs
from aiohttp import web

from treckk_gateway.testing.loopback import Loopback
from treckk_gateway.testing.sandbox.twilio_ledger import Ledger, Message, Refusal

_REASONS = {400: "Bad Request", 401: "Authenticate", 404: "Not Found", 429: "Too Many Requests"}
_PAGE = 50


@attrs.frozen(kw_only=True)
class Twist:
    """How a call goes otherwise than well.

    `status`, `code` and `retry_after` (seconds) are of the answer. With `taken` the message is sent although the answer
    says no or never comes. `silent` never answers; `cut` breaks the connection in the middle of the answer; `garbage`
    answers nonsense. `fails` answers well and lets the message fail later with that code.
    """

    status: int = 201
    code: int | None = None
    retry_after: int | None = None
    taken: bool = False
    silent: bool = False
    cut: bool = False
    garbage: bool = False
    fails: int | None = None


class RestServer:
    """Twilio's API on 127.0.0.1. `before` and `after` are run with each message taken, before and after the answer."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        account_sid: str,
        auth_token: str,
        port: int,
        before: Callable[[Message, int | None], Awaitable[None]],
        after: Callable[[Message, int | None], None],
    ) -> None:
        self.seen: list[bytes] = []
        self.script: deque[Twist] = deque()
        self.account_status = "active"
        self.account_type = "Full"
        self._ledger = ledger
        self._account_sid = account_sid
        self._login = "Basic " + b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._server = Loopback(self._application, port)
        self._before = before
        self._after = after
        self._fault: Twist | None = None
        self._release = asyncio.Event()
        self._since_play = 0
        self._changed = asyncio.Condition()

    @property
    def url(self) -> str:
        """The base address. Known once entered."""
        return self._server.url

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._release.set()
        await self._server.close()

    async def play(self, fault: Twist | None, *, refused: bool = False) -> None:
        """Answer every call so from now on; with `refused` nobody listens. Calls that hang are let go."""
        self._release.set()
        self._release = asyncio.Event()
        self._since_play = len(self.seen)
        self._fault = fault
        if refused:
            self._release.set()
            await self._server.refuse()
        else:
            await self._server.start()

    async def reached(self) -> None:
        """Return once a whole request was read since the last `play`."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.seen) > self._since_play)

    def _application(self) -> web.Application:
        account = "/2010-04-01/Accounts/{account}"
        app = web.Application(client_max_size=2**20, middlewares=[self._guard])
        app.router.add_get(f"{account}.json", self._account)
        app.router.add_post(f"{account}/Messages.json", self._create)
        app.router.add_get(f"{account}/Messages.json", self._list)
        app.router.add_get(f"{account}/Messages/{{sid}}.json", self._fetch)
        app.router.add_get(f"{account}/Messages/{{sid}}/Media.json", self._files)
        app.router.add_get(f"{account}/Messages/{{sid}}/Media/{{file}}", self._media)
        app.router.add_delete(f"{account}/Messages/{{sid}}/Media/{{file}}", self._forget)
        app.router.add_get("/cdn/{sid}/{file}", self._content)
        return app

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        head = f"{request.raw_path}\n{request.headers}\n".encode("utf-8", "surrogateescape")
        body = await request.read()
        async with self._changed:
            self.seen.append(head + body)
            self._changed.notify_all()
        if self._fault is not None:
            return await self._trouble(request, self._fault, {})
        if request.path.startswith("/2010-04-01/"):
            if request.headers.get("Authorization") != self._login:
                return _error(401, 20003)
            if request.match_info.get("account", self._account_sid) != self._account_sid:
                return _error(404, 20404)
        try:
            return await handler(request)
        except Refusal as refusal:
            return _error(refusal.status, refusal.code)
        except web.HTTPNotFound:
            return _error(404, 20404)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        fields = {name: str(value) for name, value in (await request.post()).items()}
        twist = self.script.popleft() if self.script else None
        if twist is not None and not twist.taken and twist.fails is None:
            return await self._trouble(request, twist, {})
        message = self._ledger.create(fields)
        fails = twist.fails if twist else None
        await self._before(message, fails)
        answer = message.as_json(self._account_sid)
        try:
            if twist is not None and twist.fails is None:
                return await self._trouble(request, twist, answer)
            response = web.json_response(answer, status=201)
            await response.prepare(request)
            await response.write_eof()
            return response
        finally:
            self._after(message, fails)

    async def _trouble(self, request: web.Request, twist: Twist, answer: dict[str, Any]) -> web.StreamResponse:
        if twist.silent:
            await self._release.wait()
        if twist.silent or twist.cut:
            if twist.cut and not twist.silent:
                await _half(request, json.dumps(answer).encode() or b"{}")
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if twist.garbage:
            return web.Response(status=twist.status, body=b"\xff\xfe<nonsense", content_type="application/json")
        headers = {"Retry-After": str(twist.retry_after)} if twist.retry_after is not None else {}
        if 300 <= twist.status < 400:  # noqa: PLR2004 redirects
            headers["Location"] = "/moved"
        return _error(twist.status, twist.code, headers)

    async def _account(self, _: web.Request) -> web.StreamResponse:
        found = {"sid": self._account_sid, "status": self.account_status, "type": self.account_type}
        return web.json_response({**found, "friendly_name": "Sandbox"})

    async def _list(self, request: web.Request) -> web.StreamResponse:
        size, page = int(request.query.get("PageSize", _PAGE)), int(request.query.get("Page", 0))
        found = self._ledger.listed(request.query)
        shown = found[page * size : (page + 1) * size]
        following = urlencode({**request.query, "Page": page + 1})
        more = f"{request.path}?{following}" if len(found) > (page + 1) * size else None
        answer = {"messages": [one.as_json(self._account_sid) for one in shown], "page": page, "page_size": size}
        return web.json_response({**answer, "next_page_uri": more, "uri": request.path_qs})

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        message = self._ledger.find(request.match_info["sid"])
        return web.json_response(message.as_json(self._account_sid)) if message else _error(404, 20404)

    async def _files(self, request: web.Request) -> web.StreamResponse:
        sid = request.match_info["sid"]
        listed = [
            {"sid": file, "parent_sid": sid, "account_sid": self._account_sid, "content_type": kind}
            for (of, file), (kind, _) in self._ledger.files.items()
            if of == sid
        ]
        return web.json_response({"media_list": listed, "page": 0, "page_size": _PAGE, "next_page_uri": None})

    async def _media(self, request: web.Request) -> web.StreamResponse:
        """As at Twilio a file is fetched with the account's login and lies elsewhere, where none is needed."""
        sid, file = request.match_info["sid"], request.match_info["file"]
        if (sid, file) not in self._ledger.files:
            return _error(404, 20404)
        return web.Response(status=307, headers={"Location": f"{self.url}/cdn/{sid}/{file}"})

    async def _content(self, request: web.Request) -> web.StreamResponse:
        found = self._ledger.files.get((request.match_info["sid"], request.match_info["file"]))
        return web.Response(body=found[1], content_type=found[0]) if found else web.Response(status=404)

    async def _forget(self, request: web.Request) -> web.StreamResponse:
        known = self._ledger.files.pop((request.match_info["sid"], request.match_info["file"]), None)
        return web.Response(status=204) if known else _error(404, 20404)


async def _half(request: web.Request, body: bytes) -> None:
    response = web.StreamResponse(status=201, headers={"Content-Length": str(len(body) + 1)})
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(body[: len(body) // 2])


def _error(status: int, code: int | None, headers: dict[str, str] | None = None) -> web.Response:
    """Twilio's error object; without a code an HTML page, as its edge answers."""
    if code is None:
        return web.Response(status=status, text="<html>trouble</html>", content_type="text/html", headers=headers)
    answer = {"code": code, "message": _REASONS.get(status, "Error"), "more_info": "", "status": status}
    return web.json_response(answer, status=status, headers=headers)
