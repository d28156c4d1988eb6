"""An answer as it goes over the wire. The usual one is written out once a second: providers mostly get the same."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from aiohttp.http import SERVER_SOFTWARE

from treckk_gateway.channel import WebhookResponse

_BODILESS = frozenset({204, 304})


def written(answer: WebhookResponse) -> bytes:
    """The answer's bytes, for HTTP/1.1 on a connection that stays open."""
    second = int(time.time())
    if answer.headers:
        return _written(answer.status, answer.content_type, answer.body, answer.headers, second)
    return _usual(answer.status, answer.content_type, answer.body, second)


@lru_cache(maxsize=16)
def _usual(status: int, content_type: str, body: bytes, second: int) -> bytes:
    return _written(status, content_type, body, {}, second)


def _written(status: int, content_type: str, body: bytes, headers: Mapping[str, str], second: int) -> bytes:
    ours = {"Date": formatdate(second, usegmt=True), "Server": SERVER_SOFTWARE}
    fields = {"Content-Type": content_type, **headers, **ours}
    if status in _BODILESS:
        body = b""
    else:
        fields["Content-Length"] = str(len(body))
    lines = [f"{name}: {value}" for name, value in fields.items()]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        return _written(500, "text/plain", b"", {}, second)  # an adapter put what it was sent into a header
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    head = "\r\n".join((f"HTTP/1.1 {status} {phrase}", *lines, "", ""))
    return head.encode("utf-8", "replace") + body
