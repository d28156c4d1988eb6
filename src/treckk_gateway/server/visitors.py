"""Where a visitor comes from, and how often: for pages anybody may call."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address, ip_address, ip_network

import attrs
from aiohttp import web

from treckk_gateway.settings import Network

_IPV6_SITE = 64
_MOST = 10_000


def origin(request: web.Request, trusted: Sequence[Network]) -> str:
    """The visitor's network, for counting only: an IPv4 address or the first half of an IPv6 one.

    `X-Forwarded-For` is believed from configured proxies only, and of it the rightmost address that is no proxy.
    """
    given = ",".join(request.headers.getall("X-Forwarded-For", []))
    chain = [part.strip() for part in given.split(",") if part.strip()]
    here = request.remote or ""
    while chain and _is_proxy(here, trusted):
        here = chain.pop()
    try:
        address = ip_address(here)
    except ValueError:
        return ""
    return str(ip_network((address, _IPV6_SITE), strict=False)) if isinstance(address, IPv6Address) else here


def _is_proxy(written: str, trusted: Sequence[Network]) -> bool:
    try:
        address = ip_address(written)
    except ValueError:
        return False
    return any(address in network for network in trusted if network.version == address.version)


@attrs.define
class Patience:
    """A bucket of tokens for each visitor: `burst` at once, then one every `seconds`.

    Whole villages share one address behind a mobile network, so be generous.
    """

    burst: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, tuple[float, float]] = attrs.field(factory=OrderedDict, init=False)

    def allows(self, visitor: str) -> bool:
        """Whether one more call is fine now; it is counted when it is."""
        now = self.clock()
        left, at = self._buckets.pop(visitor, (float(self.burst), now))
        left = min(float(self.burst), left + (now - at) / self.seconds)
        fine = left >= 1
        self._buckets[visitor] = (left - 1 if fine else left, now)
        while len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        return fine
