"""A stand-in for Twilio's REST service that costs little: it takes messages, notes when and for whom, and answers.

Used inside the load's process, so that the way from webhook to receipt is timed by one clock.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from urllib.parse import unquote_plus

_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_TO = re.compile(rb"(?:^|&)To=([^&]*)")
_BODY = re.compile(rb"(?:^|&)Body=([^&]*)")
_NOTHING = b'{"messages": [], "next_page_uri": null}'
"""What a look for messages whose webhook never came finds."""


def sid_of(to: str, salt: str, text: str) -> str:
    """The id a message gets."""
    return "SM" + hashlib.md5(f"{to}/{salt}/{text}".encode(), usedforsecurity=False).hexdigest()


class Provider:
    """What was taken: for each recipient the moments. Every answer comes `pause` seconds after the request.

    With `by_text` the id of a message follows from recipient and text alone, so that a caller can tell whose it is.
    """

    def __init__(self, pause: float = 0.0, *, by_text: bool = False) -> None:
        self.pause = pause
        self.by_text = by_text
        self.taken: dict[str, list[float]] = {}
        self.missing: set[str] = set()
        self.count = 0
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Taking(self), "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    def expect(self, recipients: list[str]) -> None:
        """Forget what was taken, and note whose first message is still to come; others may come late, uncounted."""
        self.taken = {one: [] for one in recipients}
        self.missing = set(recipients)

    def take(self, body: bytes) -> bytes:
        """Note one message; the answer, with its own text so that a caller can tell whose it is."""
        to, text = (unquote_plus(pattern.search(body)[1].decode()) for pattern in (_TO, _BODY))  # type: ignore[index]
        if to in self.taken:
            self.taken[to].append(time.perf_counter())
        self.missing.discard(to)
        self.count += 1
        made = {
            "sid": sid_of(to, "" if self.by_text else str(self.count), text),
            "status": "queued",
            "to": to,
            "body": text,
            "num_segments": "1",
            "direction": "outbound-api",
            "date_created": "Thu, 26 Nov 2026 00:00:00 +0000",
        }
        return _written(b"201 Created", json.dumps(made).encode())


def _written(status: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


class _Taking(asyncio.Protocol):
    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self.buffer, 0, end)
            length = int(found[1]) if found else 0
            if len(self.buffer) < end + 4 + length:
                return
            asks = self.buffer.startswith(b"GET ")
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            answer = _written(b"200 OK", _NOTHING) if asks else self.provider.take(body)
            if self.provider.pause:
                asyncio.get_running_loop().call_later(self.provider.pause, self.transport.write, answer)
            else:
                self.transport.write(answer)
