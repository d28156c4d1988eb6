"""`/channels/{channel_id}`: what providers call. No middleware, no parsing: the gateway gets every byte as it came."""

from __future__ import annotations

from functools import partial

import attrs
import structlog
from aiohttp import web

from treckk_gateway.channel import WebhookRequest, WebhookResponse
from treckk_gateway.errors import described
from treckk_gateway.gateway import Gateway
from treckk_gateway.server.answers import AnswerCounts
from treckk_gateway.server.reading import BodyRefused, read_body

PATH = "/channels/{channel_id}"

# An answer without a body is right for every provider; a text would reach the citizen as a reply (Twilio docs: TwiML).
_BROKEN = WebhookResponse(500)

log = structlog.get_logger(__name__)


@attrs.frozen
class Webhooks:
    """Takes what comes for all channels."""

    gateway: Gateway
    answers: AnswerCounts

    def add_to(self, app: web.Application) -> None:
        """Serve every channel: those configured by a path of their own, which is found soonest."""
        for channel_id in self.gateway.channels:
            app.router.add_route("*", f"/channels/{channel_id}", partial(self.take, channel_id))
        app.router.add_route("*", PATH, self.unknown)

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Any other name: what the gateway says of channels it does not have."""
        return await self.take(request.match_info["channel_id"], request)

    async def take(self, channel_id: str, request: web.Request) -> web.StreamResponse:
        """Hand aiohttp's request to the gateway and give back what the channel answers."""
        try:
            body = await read_body(request, self.gateway.largest(channel_id))
        except BodyRefused as problem:
            self.answers.count(problem.status)
            answer = WebhookResponse(problem.status)
        else:
            address = self.gateway.settings.public_url + called(request)
            answer = await self.answer(channel_id, WebhookRequest(request.method, address, request.headers, body))
        headers = {"Content-Type": answer.content_type, **answer.headers}
        return web.Response(body=answer.body, status=answer.status, headers=headers)

    async def answer(self, channel_id: str, request: WebhookRequest) -> WebhookResponse:
        """What the channel answers; 500 without a word when something of ours fails."""
        try:
            answer = await self.gateway.receive(channel_id, request)
        except Exception as problem:  # noqa: BLE001 a fault of ours: nothing of it may reach the provider
            known = channel_id if channel_id in self.gateway.channels else "-"
            log.error("webhook.failed", channel_id=known, **described(problem))
            answer = _BROKEN
        self.answers.count(answer.status)
        return answer

    def address(self, channel_id: str) -> str:
        """The public address of a channel."""
        return f"{self.gateway.settings.public_url}/channels/{channel_id}"


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
