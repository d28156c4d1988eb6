"""The gateway and its HTTP server in one process."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from aiohttp import web

from treckk_gateway.errors import described
from treckk_gateway.gateway import Gateway
from treckk_gateway.server.answers import AnswerCounts
from treckk_gateway.server.app import standing_alone
from treckk_gateway.server.control import NAME, control, is_served
from treckk_gateway.server.doorway import Doorway
from treckk_gateway.server.front import Front
from treckk_gateway.server.logs import configure_logging
from treckk_gateway.server.webhooks import Webhooks
from treckk_gateway.settings import Settings

_BACKLOG = 1024

_GRACE = 10.0
"""Seconds that requests under way are given at the end; what they brought is on the disk by then."""

log = structlog.get_logger(__name__)


async def run(settings: Settings, door: Doorway, stop: asyncio.Event) -> None:
    """Serve from the door until told to stop. Raises `TreckkError` when the gateway cannot start."""
    configure_logging()
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(
            Gateway.from_config(settings, working=settings.engine.serve_works, listening=True)
        )
        await stack.enter_async_context(_answering(gateway, door))
        await stack.enter_async_context(_controlled(gateway, settings))
        settle_garbage()
        log.info("server.started", host=settings.listen.host, port=door.port)
        await stop.wait()
        log.info("server.stopping")
    log.info("server.stopped")


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Do what is due in the shared database until told to stop. Raises `TreckkError` when the gateway cannot start."""
    configure_logging()
    async with Gateway.from_config(settings, listening=False):
        settle_garbage()
        log.info("worker.started")
        await stop.wait()
        log.info("worker.stopping")
    log.info("worker.stopped")


def settle_garbage() -> None:
    """Leave out of every later collection what was loaded at the start, and collect seldom: a process of our own may.

    A webhook makes hundreds of objects and hardly a cycle; looking for cycles was a fifth of what it cost.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@asynccontextmanager
async def _controlled(gateway: Gateway, settings: Settings) -> AsyncIterator[None]:
    """The operator's socket, unless another server over the same folder has it already."""
    async with AsyncExitStack() as stack:
        if not is_served(settings.data_dir / NAME):
            try:
                await stack.enter_async_context(control(gateway, settings.data_dir))
            except OSError as problem:
                log.warning("control.unavailable", **described(problem))
        yield


@asynccontextmanager
async def _answering(gateway: Gateway, door: Doorway) -> AsyncIterator[None]:
    """Serve HTTP from the door on."""
    async with answering(gateway) as front:
        await door.hand_over(front)
        server = await asyncio.get_running_loop().create_server(front, sock=door.listener, backlog=_BACKLOG)
        try:
            yield
        finally:
            server.close()


@asynccontextmanager
async def answering(gateway: Gateway) -> AsyncIterator[Front]:
    """What makes the protocol of each connection. At the end, what is under way is answered and all are closed."""
    webhooks = Webhooks(gateway, AnswerCounts())
    runner = web.AppRunner(standing_alone(webhooks), access_log=None, handle_signals=False, shutdown_timeout=_GRACE)
    await runner.setup()
    server = runner.server
    assert server is not None  # noqa: S101 set up above
    front = Front(webhooks, server)
    try:
        yield front
    finally:
        await front.end(_GRACE)
        await runner.cleanup()
