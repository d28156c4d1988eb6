"""The aiohttp application, whole: to mount in a portal, or to stand alone."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from treckk_gateway.gateway import Gateway
from treckk_gateway.server.answers import AnswerCounts
from treckk_gateway.server.api import api
from treckk_gateway.server.api.bearer import bearer
from treckk_gateway.server.health import HealthPages
from treckk_gateway.server.metrics import MetricsPage
from treckk_gateway.server.pages.lapor import Lapor
from treckk_gateway.server.pages.status import StatusPage
from treckk_gateway.server.webhooks import Webhooks


def subapp(gateway: Gateway) -> web.Application:
    """Everything we serve, to be mounted below a prefix by the parent's `add_subapp`.

    The gateway need not be open yet; until it is, webhooks are answered 503. `public_url` is where the mounted
    application is reached from outside, so it ends in the prefix unless a proxy removes that.
    """
    return _assemble(Webhooks(gateway, AnswerCounts()))


def application(gateway: Gateway) -> web.Application:
    """Everything we serve, standing alone.

    Where `public_url` has a path, the same is served below that path too: some proxies remove it, some do not.
    """
    return standing_alone(Webhooks(gateway, AnswerCounts()))


def standing_alone(webhooks: Webhooks) -> web.Application:
    """The same around webhooks that something in front of it takes too."""
    app = _assemble(webhooks)
    prefix = urlsplit(webhooks.gateway.settings.public_url).path
    if prefix:
        app.add_subapp(prefix, _assemble(webhooks))
    return app


def _assemble(webhooks: Webhooks) -> web.Application:
    gateway, answers = webhooks.gateway, webhooks.answers
    app = web.Application(client_max_size=gateway.settings.max_body)
    webhooks.add_to(app)
    health = HealthPages(gateway)
    app.router.add_get("/healthz", health.alive)
    app.router.add_get("/readyz", health.ready)
    app.router.add_get("/metrics", MetricsPage(gateway, answers).show)
    app.router.add_get("/s/{token}", StatusPage(gateway=gateway, answers=answers).show)
    lapor = Lapor.of(gateway, answers)
    if lapor is not None:
        app.router.add_get("/lapor", lapor.show)
        app.router.add_post("/lapor", lapor.take)
        for bare in ("", "/", "/lapor/"):
            app.router.add_get(bare, lapor.lead)
    app.add_subapp(api.PREFIX, api.Api(gateway, bearer(gateway), answers).application())
    return app
