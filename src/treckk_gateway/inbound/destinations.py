"""Which addresses may be asked for files: public ones only, whatever form they are written in.

Source: email-and-web reference, C1, with the forms of IPv6 that hide an IPv4 address; none of Python's own properties
is enough alone (`is_private` misses carrier NAT, `is_global` lets NAT64 and 6to4 through).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver

from treckk_gateway.channel import MediaSource
from treckk_gateway.errors import MediaRefused

_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_RELAY = ipaddress.IPv4Network("192.88.99.0/24")
_LONGEST = 2048

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(address: Address) -> bool:
    """Whether an address lies in the open internet; hidden IPv4 addresses count as what they are."""
    if isinstance(address, ipaddress.IPv6Address):
        outdated = address.is_site_local or address in _COMPATIBLE
        if address.scope_id is not None or outdated or any(address in net for net in _NAT64):
            return False
        hidden = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if any(one is not None for one in hidden):
            return False
    elif address in _RELAY:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class PublicResolver(AbstractResolver):
    """Looks names up and hands over public addresses only: what is checked is what is connected to."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver or ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[Any]:
        """See `AbstractResolver.resolve`. Raises `MediaRefused` when any address of the name is not public."""
        found = await self._resolver.resolve(host, port, family)
        if not found or not all(is_public(ipaddress.ip_address(one["host"])) for one in found):
            raise MediaRefused("its name leads to an address that is not public")
        return found

    async def close(self) -> None:
        """Let go of the inner resolver."""
        await self._resolver.close()


def check(url: str, source: MediaSource, *, hosts: Sequence[str]) -> SplitResult:
    """The parts of an address that may be asked: https, port 443, one of the hosts or below, nothing else in it.

    What the operator configured (`source.origin`) may be plain and private. Raises `MediaRefused`.
    """
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        raise MediaRefused("its address is malformed")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise MediaRefused("its address is malformed") from None
    if not host or parts.username is not None or parts.password is not None:
        raise MediaRefused("its address has no host, or a login in it")
    if source.origin is not None and origin(url) == origin(source.origin):
        return parts
    if parts.scheme != "https" or port not in (None, 443):
        raise MediaRefused("its address is not https on the usual port")
    if not any(host == one or host.endswith(f".{one}") for one in hosts):
        raise MediaRefused("its host is not one that holds files of this channel")
    _check_literal(host)
    return parts


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _check_literal(host: str) -> None:
    """Addresses written as such pass no resolver; numbers in other notations are no names either."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host.rpartition(".")[2][:1].isdigit() or "." not in host:
            raise MediaRefused("its host is no name") from None
        return
    if not is_public(address):
        raise MediaRefused("its address is not public")
