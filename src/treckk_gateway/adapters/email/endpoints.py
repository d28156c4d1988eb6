"""Where a mail server is, as an operator writes it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import attrs

LISTEN_SCHEMES: Mapping[str, int | None] = {"lmtp": None, "smtp": None}
SMTP_SCHEMES: Mapping[str, int | None] = {"smtp": 25, "smtps": 465}
IMAP_SCHEMES: Mapping[str, int | None] = {"imap": 143, "imaps": 993}
"""Schemes and their usual port; `None` where it must be written."""

HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@attrs.frozen(kw_only=True)
class Endpoint:
    """Where a server is, as written: `scheme://[user@]host:port`. `user` is who we log in as."""

    scheme: str
    host: str
    port: int
    user: str | None = None

    @classmethod
    def parse(cls, text: str, schemes: Mapping[str, int | None]) -> Endpoint:
        """Read it; `schemes` are those allowed with their usual port. Raises `ValueError` with the reason."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise ValueError("is no address: write scheme://host:port") from None
        port = schemes.get(parts.scheme) if port is None else port
        if parts.scheme not in schemes:
            raise ValueError(f"must begin with {' or '.join(f'{one}://' for one in schemes)}")
        if parts.password is not None:
            raise ValueError("holds a password: write it as password = 'env:NAME' or 'file:PATH'")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("takes nothing after the port")
        if not parts.hostname or not _is_host(parts.hostname):
            raise ValueError("names no host")
        if port is None:
            raise ValueError("names no port")
        user = unquote(parts.username) if parts.username else None
        return cls(scheme=parts.scheme, host=parts.hostname, port=port, user=user)

    @property
    def url(self) -> str:
        """In one form, without the user."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether it is this machine; a name other than `localhost` is not looked up and counts as elsewhere."""
        address = _ip(self.host)
        return self.host == "localhost" if address is None else address.is_loopback

    @property
    def public(self) -> bool:
        """Whether the whole internet may reach it: a public address or all addresses of this machine."""
        address = _ip(self.host)
        return address is not None and (address.is_global or address.is_unspecified)


def _is_host(host: str) -> bool:
    return _ip(host) is not None or HOST.fullmatch(host) is not None


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
