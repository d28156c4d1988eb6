"""Answers that are the same every time, written out once a second: a provider mostly gets the one it expects.

aiohttp puts a response together anew each time, which is a fifth of all that a webhook costs.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import SERVER_SOFTWARE
from aiohttp.web_request import BaseRequest

from treckk_gateway.channel import WebhookResponse

_OK = 200
_LONGEST = 1024


class PreparedAnswer(web.StreamResponse):
    """A 200 on a connection that stays open. It keeps nothing of a request, so any number of them share one."""

    def __init__(self, head: bytes, body: bytes) -> None:
        super().__init__()
        self._written = head + body
        self._length = len(body)

    @property
    def keep_alive(self) -> bool:
        """Always: whoever closes is answered in the ordinary way."""
        return True

    @property
    def body_length(self) -> int:
        """Bytes of the body, for an access log."""
        return self._length

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        """Send all of it. Raises `ConnectionResetError` when nobody is there any more."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        transport.write(self._written)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Everything is sent by now."""


def unwatched(request: web.Request) -> bool:
    """Whether nobody around us looks at answers: no middleware, no signal of a portal we are mounted in."""
    return not any(app.middlewares or app.on_response_prepare for app in request.match_info.apps)


def prepared(answer: WebhookResponse, request: web.Request) -> PreparedAnswer | None:
    """The answer to an unwatched request, ready to send; `None` when it or the request is not of the common kind."""
    if answer.status != _OK or answer.headers or len(answer.body) > _LONGEST:
        return None
    if request.method != "POST" or request.version != HttpVersion11 or not request.keep_alive:
        return None
    return _written(answer.content_type, answer.body, int(time.time()))


@lru_cache(maxsize=16)
def _written(content_type: str, body: bytes, second: int) -> PreparedAnswer | None:
    if not (content_type.isascii() and content_type.isprintable()):
        return None
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        f"Date: {formatdate(second, usegmt=True)}\r\nServer: {SERVER_SOFTWARE}\r\n\r\n"
    )
    return PreparedAnswer(head.encode("ascii"), body)
