"""From HTTP exchanges to typed errors: one that failed, and a plain answer where a provider gives no better code.

Source: email-and-web reference, D3 (typed send outcomes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

import aiohttp

from treckk_gateway.errors import NotTaken, Rejected, Scope, SendError, Uncertain

LONGEST_WAIT = 3600.0
"""Seconds; a provider's wish beyond that is cut."""

_COME_AGAIN = frozenset({408, 425, 429})
_CHANNEL = frozenset({401, 403, 404, 410})


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds a `Retry-After` header asks for (a number or a date), at most an hour; `None` when absent or odd."""
    written = headers.get("Retry-After", "").strip()
    if written.isascii() and written.isdigit():
        return min(float(written), LONGEST_WAIT)
    try:
        return min(max(parsedate_to_datetime(written).timestamp() - now, 0.0), LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError):
        return None


@contextmanager
def exchange(where: str) -> Iterator[None]:
    """What goes wrong in an exchange by aiohttp inside becomes `NotTaken` while nothing was written, else `Uncertain`.

    `where` names the endpoint without its address. Give the request a `connect` time of its own, or a connection that
    takes too long counts as written.
    """
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        # `from None`, here and below: the error that caused ours holds the address, and that may hold a token.
        raise NotTaken("not_connected", f"{where} cannot be reached") from None
    except (aiohttp.ClientError, OSError):
        raise Uncertain("no_answer", f"{where} did not answer") from None


def from_status(status: int, headers: Mapping[str, str], *, now: float, where: str) -> SendError:
    """The error an HTTP answer that is no success stands for. `where` names the endpoint without its address.

    3xx is refused (nothing is followed); 408, 425, 429 come again; 401, 403, 404, 410 stop the channel; other 4xx
    reject the message; 5xx is uncertain, since the request was written.
    """
    code = f"http_{status}"
    if status in _COME_AGAIN:
        return NotTaken(code, f"{where} asked to come again", after=retry_after(headers, now))
    if status in _CHANNEL:
        return Rejected(code, f"{where} refuses us: check credentials and address", scope=Scope.CHANNEL)
    if status < 500:  # noqa: PLR2004 the class of answers
        return Rejected(code, f"{where} refuses the message")
    return Uncertain(code, f"{where} failed after the request was written")
