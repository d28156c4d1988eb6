"""An HTTP server on 127.0.0.1 that can refuse connections for a while and is found again at the same port."""

from __future__ import annotations

import socket
from collections.abc import Callable

from aiohttp import web


class Loopback:
    """Serves what `application` makes, anew each time it starts. `port` 0 takes a free one, and keeps it."""

    def __init__(self, application: Callable[[], web.Application], port: int = 0) -> None:
        self._application = application
        self._port = port
        self._runner: web.AppRunner | None = None
        self._kept: socket.socket | None = None

    @property
    def url(self) -> str:
        """The base address, without a slash at its end. Known once started."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Serve, unless it does."""
        if self._runner is not None:
            return
        self._give_up_port()
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def refuse(self) -> None:
        """Hold the port without listening, so that nobody else answers there meanwhile."""
        await self._stop()
        if self._kept is not None:
            return
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept.bind(("127.0.0.1", self._port))

    async def close(self) -> None:
        """Serve no more and let go of the port. Handlers that wait must have been let go."""
        await self._stop()
        self._give_up_port()

    async def _stop(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def _give_up_port(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None
