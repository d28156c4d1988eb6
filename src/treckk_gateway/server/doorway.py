"""The listening socket from the first moment on: it says that the process lives, and holds the door for all others.

Loading takes longer than opening a socket. Meanwhile `/healthz` is answered here, also while the settings are not yet
known to be good (`/readyz` tells when they are); every other connection is accepted and left untouched, its bytes
unread in the kernel, until the server takes it over: a webhook that comes in that part of a second waits instead of
being refused (Twilio, for one, does not come again after a 503).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from treckk_gateway.errors import ConfigError
from treckk_gateway.settings import read_listen

ALIVE = b'{"status":"ok"}'
"""What `/healthz` answers, here and later."""

_ASKED = b"GET /healthz "
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(ALIVE), ALIVE)
)
_MOST = 512
_BACKLOG = 256


class Doorway:
    """A bound socket, the connections that wait at it, and who has not spoken yet."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self._loop = asyncio.get_running_loop()
        self._silent: set[socket.socket] = set()
        self._waiting: list[socket.socket] = []
        self._loop.add_reader(listener, self._accept)

    @classmethod
    def open(cls, config: Path) -> Doorway:
        """Listen where the file says, before anything else in it is known. Raises `ConfigError` when that cannot be."""
        listen = read_listen(config)
        family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
        try:
            listener = socket.create_server((listen.host, listen.port), family=family, backlog=_BACKLOG)
        except OSError as problem:
            reason = f"cannot listen there: {problem.strerror or problem}"
            raise ConfigError(str(config), "gateway.listen", reason) from problem
        listener.setblocking(False)  # noqa: FBT003 the socket module's own argument
        return cls(listener)

    @property
    def port(self) -> int:
        """The port, also where any free one was asked for."""
        return int(self.listener.getsockname()[1])

    async def hand_over(self, protocols: Callable[[], asyncio.Protocol]) -> None:
        """Give every connection at the door to a server, and stop looking at the socket."""
        self._look_away()
        everybody = [*self._waiting, *self._silent]
        self._waiting, self._silent = [], set()
        for one in everybody:
            with suppress(OSError):
                await self._loop.connect_accepted_socket(protocols, one)

    def close(self) -> None:
        """Turn away whoever is still at the door."""
        self._look_away()
        for one in (*self._silent, *self._waiting, self.listener):
            one.close()

    def _look_away(self) -> None:
        for one in (*self._silent, self.listener):
            if one.fileno() >= 0:
                self._loop.remove_reader(one)

    def _accept(self) -> None:
        try:
            one, _ = self.listener.accept()
        except OSError:
            return
        one.setblocking(False)  # noqa: FBT003 the socket module's own argument
        self._silent.add(one)
        self._loop.add_reader(one, self._look, one)
        if len(self._silent) + len(self._waiting) >= _MOST:
            self._loop.remove_reader(self.listener)  # the kernel holds the rest

    def _look(self, one: socket.socket) -> None:
        self._loop.remove_reader(one)
        self._silent.discard(one)
        try:
            begun = one.recv(len(_ASKED), socket.MSG_PEEK)
            if begun == _ASKED:
                one.recv(65536)
                one.send(_ANSWER)
        except OSError:
            begun = b""
        if begun in {b"", _ASKED}:
            one.close()
        else:
            self._waiting.append(one)
