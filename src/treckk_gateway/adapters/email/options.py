"""The settings under `[channels.NAME]` with `adapter = "email"`, refused early and with a reason."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs

from treckk_gateway.model import Secret

MAX_SIZE = 25 * 1024 * 1024
"""Bytes; what larger mail providers let through."""

LISTEN_SCHEMES: Mapping[str, int | None] = {"lmtp": None, "smtp": None}
SMTP_SCHEMES: Mapping[str, int | None] = {"smtp": 25, "smtps": 465}
"""Schemes and their usual port; `None` where it must be written."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_LOCAL = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_LONGEST_LOCAL = 37
_SIZES = range(64 * 1024, 100 * 1024 * 1024 + 1)
_CONNECTIONS = range(1, 33)
_LONGEST_NAME = 100
_LONGEST_WAIT = 300.0


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


def _listen(_: Any, field: attrs.Attribute[str], value: str) -> None:  # noqa: ANN401 attrs passes the instance
    if _endpoint(field, value, LISTEN_SCHEMES).user:
        raise ValueError(f"{field.name}: takes no user; who may connect is decided by where it listens")


def _smtp(_: Any, field: attrs.Attribute[str], value: str) -> None:  # noqa: ANN401 attrs passes the instance
    if not _endpoint(field, value, SMTP_SCHEMES).port:
        raise ValueError(f"{field.name}: names no port")


def _address(_: Any, field: attrs.Attribute[str], value: str) -> None:  # noqa: ANN401 attrs passes the instance
    local, at, domain = value.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not _HOST.fullmatch(domain) or "." not in domain:
        raise ValueError(f"{field.name}: is no plain address such as aduan@example.go.id; it must hold no plus")
    if len(local) > _LONGEST_LOCAL:
        raise ValueError(f"{field.name}: what stands before the @ is too long to carry a reply token")


def _name(_: Any, field: attrs.Attribute[str | None], value: str | None) -> None:  # noqa: ANN401 attrs passes the instance
    if value is not None and (not value.isprintable() or not 0 < len(value) <= _LONGEST_NAME):
        raise ValueError(f"{field.name}: takes 1 to {_LONGEST_NAME} printable characters")


def _within(allowed: range) -> Any:  # noqa: ANN401 an attrs validator
    def check(_: Any, field: attrs.Attribute[int], value: int) -> None:  # noqa: ANN401 attrs passes the instance
        if value not in allowed:
            raise ValueError(f"{field.name}: must lie between {allowed.start} and {allowed.stop - 1}")

    return check


def _seconds(_: Any, field: attrs.Attribute[float], value: float) -> None:  # noqa: ANN401 attrs passes the instance
    if not 1.0 <= value <= _LONGEST_WAIT:
        raise ValueError(f"{field.name}: must lie between 1 and {_LONGEST_WAIT:.0f} seconds")


@attrs.frozen(kw_only=True)
class EmailOptions:
    """`listen` is where our border server delivers, `smtp` the relay that takes our mail, `address` our mailbox.

    `name` stands beside the address in what we send. `password` belongs to the user in `smtp`. `starttls` is required
    of a relay on another machine unless it is set to false. `max_size` is in bytes, `connections` how many are kept to
    the relay, `timeout` the seconds one command to it may take.
    """

    listen: str = attrs.field(validator=_listen)
    smtp: str = attrs.field(validator=_smtp)
    address: str = attrs.field(validator=_address)
    name: str | None = attrs.field(default=None, validator=_name)
    password: Secret | None = None
    starttls: bool | None = None
    max_size: int = attrs.field(default=MAX_SIZE, validator=_within(_SIZES))
    connections: int = attrs.field(default=4, validator=_within(_CONNECTIONS))
    timeout: float = attrs.field(default=30.0, validator=_seconds)

    def __attrs_post_init__(self) -> None:
        relay = self.relay
        if (relay.user is None) != (self.password is None):
            raise ValueError("password: belongs to a user: write smtp://user@host and password, or neither")
        if relay.scheme == "smtps" and self.starttls:
            raise ValueError("starttls: smtps is encrypted from the start; write smtp or leave starttls out")
        if self.password is not None and not (self.tls or relay.loopback):
            raise ValueError("starttls: a password is not sent to another machine in plain")

    @property
    def entrance(self) -> Endpoint:
        """`listen`, read."""
        return Endpoint.parse(self.listen, LISTEN_SCHEMES)

    @property
    def relay(self) -> Endpoint:
        """`smtp`, read."""
        return Endpoint.parse(self.smtp, SMTP_SCHEMES)

    @property
    def upgrade(self) -> bool:
        """Whether the connection must be upgraded by STARTTLS before anything is sent."""
        relay = self.relay
        return relay.scheme == "smtp" and (not relay.loopback if self.starttls is None else self.starttls)

    @property
    def tls(self) -> bool:
        """Whether what we send is encrypted on its way to the relay."""
        return self.relay.scheme == "smtps" or self.upgrade


def _endpoint(field: attrs.Attribute[str], value: str, schemes: Mapping[str, int | None]) -> Endpoint:
    try:
        return Endpoint.parse(value, schemes)
    except ValueError as problem:
        raise ValueError(f"{field.name}: {problem}") from None


def _is_host(host: str) -> bool:
    return _ip(host) is not None or _HOST.fullmatch(host) is not None


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
