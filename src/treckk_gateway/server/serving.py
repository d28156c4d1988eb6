"""`treckk serve`: the gateway and its HTTP server in one process, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from aiohttp import web

from treckk_gateway.errors import ConfigError
from treckk_gateway.gateway import Gateway
from treckk_gateway.server.app import application
from treckk_gateway.server.control import control
from treckk_gateway.server.logs import configure_logging
from treckk_gateway.settings import Settings

_GRACE = 10.0
"""Seconds that requests under way are given at the end; what they brought is on the disk by then."""

log = structlog.get_logger(__name__)


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT, then end in order. Raises `TreckkError` when it cannot start."""
    configure_logging()
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(Gateway.from_config(settings))
        port = await stack.enter_async_context(_listening(gateway))
        try:
            await stack.enter_async_context(control(gateway, settings.data_dir))
        except OSError as problem:
            log.warning("control.unavailable", exc_info=problem)
        log.info("server.started", host=settings.listen.host, port=port)
        await stop.wait()
        log.info("server.stopping")
    log.info("server.stopped")


@asynccontextmanager
async def _listening(gateway: Gateway) -> AsyncIterator[int]:
    """Serve HTTP; yields the port. At the end nothing new is accepted and what is under way is answered."""
    listen = gateway.settings.listen
    runner = web.AppRunner(application(gateway), access_log=None, handle_signals=False, shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        site = web.TCPSite(runner, listen.host, listen.port)
        try:
            await site.start()
        except OSError as problem:
            where = str(gateway.settings.source or "settings")
            raise ConfigError(where, "gateway.listen", f"cannot listen there: {problem.strerror}") from problem
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 there is none on some platforms
    except ImportError:
        return None
    return uvloop.new_event_loop
