"""A request's body as raw bytes, bounded in size and time wherever the application is mounted."""

from __future__ import annotations

import asyncio

from aiohttp import web

SECONDS = 60.0
"""The longest a body may take to arrive."""


class BodyRefused(Exception):
    """The body cannot be taken; `status` is 400, 408 or 413."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


async def read_body(request: web.Request, most: int, seconds: float = SECONDS) -> bytes:
    """At most `most` bytes, unpacked where the sender compressed them. Raises `BodyRefused`.

    Not `request.read()`: that one obeys the size limit of the application we happen to be mounted in.
    """
    here = arrived(request, most)
    if here is not None:
        return here
    if (request.content_length or 0) > most:
        raise BodyRefused(413, "the body is too large")
    try:
        async with asyncio.timeout(seconds):
            body = await _gather(request, most)
    except TimeoutError:
        raise BodyRefused(408, "the body came too slowly") from None
    except web.RequestPayloadError:
        raise BodyRefused(400, "the body is not what its headers say") from None
    if len(body) > most:
        raise BodyRefused(413, "the body is too large")
    return body


def arrived(request: web.Request, most: int) -> bytes | None:
    """The body if all of it is here by now, as with most webhooks; `None` if it must be waited for.

    Raises `BodyRefused` as `read_body` does.
    """
    content = request.content
    if not content.is_eof():
        return None
    try:
        body = content.read_nowait(-1)
    except web.RequestPayloadError:
        raise BodyRefused(400, "the body is not what its headers say") from None
    if len(body) > most:
        raise BodyRefused(413, "the body is too large")
    return body


async def _gather(request: web.Request, most: int) -> bytes:
    body = bytearray()
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > most:
            break
    return bytes(body)
