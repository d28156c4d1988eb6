"""`/channels/{channel_id}`: what providers call. No middleware, no parsing: the gateway gets every byte as it came."""

from __future__ import annotations

from functools import partial

import attrs
import structlog
from aiohttp import web

from treckk_gateway.channel import WebhookRequest, WebhookResponse
from treckk_gateway.errors import described
from treckk_gateway.gateway import Gateway
from treckk_gateway.server.answers import Answers
from treckk_gateway.server.prepared import prepared, unwatched
from treckk_gateway.server.reading import BodyRefused, arrived, read_body

PATH = "/channels/{channel_id}"

# An answer without a body is right for every provider; a text would reach the citizen as a reply (Twilio docs: TwiML).
_BROKEN = WebhookResponse(500)

log = structlog.get_logger(__name__)


@attrs.frozen
class Way:
    """What is known of a path once it was called: its public address, and whether nobody else looks at answers."""

    address: str
    unwatched: bool


@attrs.frozen
class Webhooks:
    """Takes what comes for all channels."""

    gateway: Gateway
    answers: Answers
    _ways: dict[str, Way] = attrs.field(factory=dict, init=False)
    """By the path as it is nearly always called."""

    def add_to(self, app: web.Application) -> None:
        """Serve every channel: those configured by a path of their own, which is found soonest."""
        for channel_id in self.gateway.channels:
            app.router.add_route("*", f"/channels/{channel_id}", partial(self.take, channel_id))
        app.router.add_route("*", PATH, self.unknown)

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Any other name: what the gateway says of channels it does not have."""
        return await self.take(request.match_info["channel_id"], request)

    async def take(self, channel_id: str, request: web.Request) -> web.StreamResponse:
        """Hand the request to the gateway and give back what the channel answers."""
        way: Way | None = None
        try:
            most = self.gateway.largest(channel_id)
            body = arrived(request, most)
            if body is None:
                body = await read_body(request, most)
            way = self._ways.get(request.raw_path) or self._way(request)
            brought = WebhookRequest(request.method, way.address, request.headers, body)
            answer = await self.gateway.receive(channel_id, brought)
        except BodyRefused as problem:
            answer = WebhookResponse(problem.status)
        except Exception as problem:  # noqa: BLE001 a fault of ours: nothing of it may reach the provider
            known = channel_id if channel_id in self.gateway.channels else "-"
            log.error("webhook.failed", channel_id=known, **described(problem))
            answer = _BROKEN
        self.answers.count(answer.status)
        ready = prepared(answer, request) if way is not None and way.unwatched else None
        if ready is not None:
            return ready
        headers = {"Content-Type": answer.content_type, **answer.headers}
        return web.Response(body=answer.body, status=answer.status, headers=headers)

    def _way(self, request: web.Request) -> Way:
        way = Way(self.gateway.settings.public_url + called(request), unwatched(request))
        resource = request.match_info.route.resource
        if resource is not None and request.raw_path == resource.canonical:
            self._ways[request.raw_path] = way
        return way


def called(request: web.Request) -> str:
    """The raw path and query as called, without the prefix we are mounted under: what follows `public_url`.

    Cut off are as many segments as the prefix has, so that it may be written with percent signs in either place.
    """
    raw = request.raw_path
    if not raw.startswith("/"):  # the absolute form, as proxies may send it
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    resource = request.match_info.route.resource
    prefix = resource.canonical.rpartition("/channels/")[0] if resource is not None else ""
    for _ in range(prefix.count("/")):
        raw = "/" + raw[1:].partition("/")[2]
    return raw
