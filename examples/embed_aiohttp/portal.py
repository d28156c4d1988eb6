"""A county portal that embeds the gateway: one aiohttp application, one process, one event loop.

::

    python portal.py treckk.toml

The portal's own page is at `/`; everything of the gateway is below `/aduan`, so `public_url` in the configuration ends
in `/aduan`. Nothing of the gateway starts before the application does, and it ends with it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from aiohttp import web

from treckk_gateway import Actor, Gateway, Role
from treckk_gateway.privacy import redact
from treckk_gateway.server import subapp

PREFIX = "/aduan"
GATEWAY = web.AppKey("gateway", Gateway)
READER = Actor(name="portal", role=Role.ADMIN)
"""The portal looks at cases as an admin would. Every look and act in the library names who does it."""


def portal(config: Path) -> web.Application:
    """The application. Raises `ConfigError` here, before anything listens, when the configuration is refused."""
    gateway = Gateway.from_config(config)
    app = web.Application()
    app[GATEWAY] = gateway
    app.router.add_get("/", front_page)
    # Mounted before it is open, since a started application takes no routes: until then webhooks are answered 503.
    app.add_subapp(PREFIX, subapp(gateway))
    app.cleanup_ctx.append(opened)
    return app


async def opened(app: web.Application) -> AsyncIterator[None]:
    """The gateway lives as long as the application."""
    async with app[GATEWAY]:
        yield


async def front_page(request: web.Request) -> web.Response:
    """The portal's own page: how many cases there are, and in which state. Nothing about a person."""
    states = await count(request.app[GATEWAY])
    rows = "".join(f"<tr><td>{state}</td><td>{number}</td></tr>" for state, number in sorted(states.items()))
    text = f"<!doctype html><title>Portal</title><p>Cases: <b>{states.total()}</b></p><table>{rows}</table>"
    return web.Response(text=text, content_type="text/html")


async def count(gateway: Gateway) -> Counter[str]:
    """Cases by state, read page by page."""
    states: Counter[str] = Counter()
    cursor: str | None = None
    while True:
        page = await gateway.desk.cases(READER, cursor=cursor, limit=200)
        states.update(str(case.state) for case in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return states


def private_log() -> None:
    """One JSON object a line, from an allow-list of keys.

    The library sets up no logging, that is the portal's part. As structlog comes, it may show exceptions with the
    values of variables, and so what somebody wrote. `redact` drops unknown keys, the portal's own included.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            redact,
            structlog.processors.JSONRenderer(),
        ]
    )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="A county portal that embeds the gateway.")
    arguments.add_argument("config", nargs="?", type=Path, default=Path("treckk.toml"))
    given = arguments.parse_args()
    private_log()
    web.run_app(portal(given.config), host="127.0.0.1", port=8080)
