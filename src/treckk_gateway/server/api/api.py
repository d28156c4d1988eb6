"""`/api/v1`: for staff and programs. One table of routes is served here and described in OpenAPI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import attrs
import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from treckk_gateway.errors import TreckkError, described
from treckk_gateway.gateway import Gateway
from treckk_gateway.inbound.showing import ShownFile
from treckk_gateway.server.answers import AnswerCounts
from treckk_gateway.server.api import books, cases, coordination, files, people, problems, reports
from treckk_gateway.server.api.bearer import Identify
from treckk_gateway.server.api.problems import Refusal
from treckk_gateway.server.api.route import Call, Route
from treckk_gateway.server.reading import BodyRefused, read_body

T = TypeVar("T")

ROUTES: tuple[Route, ...] = (
    *cases.ROUTES,
    *coordination.ROUTES,
    *files.ROUTES,
    *people.ROUTES,
    *books.ROUTES,
    *reports.ROUTES,
)
"""The whole API."""

PREFIX = "/api/v1"
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
"""On every answer of the API."""

_JSON = "application/json"
_KEY = re.compile(r"[\x21-\x7e]{1,128}")

log = structlog.get_logger(__name__)


@attrs.frozen
class Api:
    """The routes over one gateway, for callers whom `identify` tells."""

    gateway: Gateway
    identify: Identify
    answers: AnswerCounts

    def application(self) -> web.Application:
        """To be mounted at `PREFIX`."""
        # No middleware: aiohttp would run it, or look whether to, for every webhook as well.
        app = web.Application()
        app.router.add_route("GET", "/openapi.json", self._guarded(self._describe))
        for route in ROUTES:
            app.router.add_route(route.method, route.path, self._guarded(self._handler(route)))
        for rest in ("", "/{rest:.*}"):
            app.router.add_route("*", rest, self._guarded(_unknown))
        return app

    def _handler(self, route: Route) -> Handler:
        decoder = msgspec.json.Decoder(route.body) if route.body is not None else None

        async def handle(request: web.Request) -> web.StreamResponse:
            call = await self._call(route, decoder, request)
            return _shown(await route.run(call), route)

        return handle

    async def _call(self, route: Route, decoder: msgspec.json.Decoder[Any] | None, request: web.Request) -> Call:
        actor = self.identify(request)
        if route.roles is not None and route.roles.isdisjoint(actor.roles) and not actor.operator:
            scope = {"WWW-Authenticate": 'Bearer realm="treckk", error="insufficient_scope"'}
            raise Refusal(403, "not_allowed", f"for {', '.join(sorted(route.roles))} only", scope)
        try:
            place = msgspec.convert(dict(request.match_info), route.place, strict=False)
        except msgspec.ValidationError:
            raise Refusal(404, "not_found", "there is nothing of that name") from None
        return Call(
            gateway=self.gateway,
            actor=actor,
            place=place,
            query=_query(request, route.query),
            body=await _body(request, decoder, route.largest) if decoder is not None else None,
            idempotency_key=_idempotency_key(request) if route.idempotent else None,
        )

    async def _describe(self, _request: web.Request) -> web.StreamResponse:
        from treckk_gateway.server.api import facts, openapi  # noqa: PLC0415 loaded only when somebody asks for it

        document = openapi.document(ROUTES, self.gateway.settings.public_url, facts.Facts.of(self.gateway))
        return web.Response(body=document, content_type=_JSON)

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                response = await handler(request)
            except Exception as problem:  # noqa: BLE001 whatever it is, the caller gets problem JSON
                response = problems.answer(_refused(problem))
            response.headers.update(HEADERS)
            self.answers.count(response.status)
            return response

        return guarded


async def _unknown(request: web.Request) -> web.StreamResponse:
    """Nothing of that name, or not by that method."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if "{rest" not in resource.canonical:
            allowed |= (await resource.resolve(request))[1]
    if allowed - {"*"}:
        raise web.HTTPMethodNotAllowed(request.method, sorted(allowed - {"*"}))
    raise web.HTTPNotFound


def _refused(problem: Exception) -> Refusal:
    if isinstance(problem, Refusal):
        return problem
    if isinstance(problem, BodyRefused):
        return Refusal(problem.status, "body", problem.reason)
    if isinstance(problem, web.HTTPException):
        allow = {"Allow": problem.headers["Allow"]} if "Allow" in problem.headers else None
        return Refusal(problem.status, problem.reason.lower().replace(" ", "_"), headers=allow)
    known = problems.refusal(problem) if isinstance(problem, TreckkError) else None
    if known is None:
        log.error("call.failed", **described(problem))
    return known or Refusal(500, "internal")


def _shown(value: object, route: Route) -> web.Response:
    if isinstance(value, ShownFile):
        kept = {"Content-Disposition": f'attachment; filename="{value.filename}"'}
        return web.Response(body=value.content, status=route.status, content_type=route.media, headers=kept)
    body = value.encode() if route.answers is str and isinstance(value, str) else msgspec.json.encode(value)
    return web.Response(body=body, status=route.status, content_type=route.media)


def _query(request: web.Request, kind: type[T]) -> T:
    given: Mapping[str, str] = request.query
    if len(set(given)) != len(given):
        raise Refusal(422, "query", "a name stands in the query twice")
    try:
        return msgspec.convert(dict(given), kind, strict=False)
    except msgspec.ValidationError as problem:
        raise Refusal(422, "query", str(problem)) from None


async def _body(request: web.Request, decoder: msgspec.json.Decoder[T], largest: int) -> T:
    if request.content_type != _JSON:
        raise Refusal(415, "media_type", f"send {_JSON}")
    raw = await read_body(request, largest)
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as problem:
        raise Refusal(422, "body", str(problem)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(400, "body", "the body is not JSON") from None


def _idempotency_key(request: web.Request) -> str | None:
    given = request.headers.getall("Idempotency-Key", [])
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise Refusal(422, "idempotency_key", "send one key of 1 to 128 printable characters without blanks")
    return given[0]
