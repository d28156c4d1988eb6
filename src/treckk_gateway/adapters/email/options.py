"""The settings under `[channels.NAME]` with `adapter = "email"`, refused early and with a reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from importlib.util import find_spec
from typing import Any

import attrs

from treckk_gateway.adapters.email.endpoints import HOST, IMAP_SCHEMES, LISTEN_SCHEMES, SMTP_SCHEMES, Endpoint
from treckk_gateway.adapters.email.webhooks import PROVIDERS
from treckk_gateway.adapters.email.webhooks.options import ServiceOptions, within
from treckk_gateway.model import Secret

_LOCAL = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_LONGEST_LOCAL = 37
_CONNECTIONS = range(1, 33)
_LONGEST_NAME = 100
_LONGEST_WAIT = 300.0


def _listen(_: Any, field: attrs.Attribute[str | None], value: str | None) -> None:  # noqa: ANN401 attrs passes the instance
    if value is not None and _endpoint(field, value, LISTEN_SCHEMES).user:
        raise ValueError(f"{field.name}: takes no user; who may connect is decided by where it listens")


def _imap(_: Any, field: attrs.Attribute[str | None], value: str | None) -> None:  # noqa: ANN401 attrs passes the instance
    if value is not None and not _endpoint(field, value, IMAP_SCHEMES).user:
        raise ValueError(f"{field.name}: names no user: write imaps://user@host")


def _folder(_: Any, field: attrs.Attribute[str], value: str) -> None:  # noqa: ANN401 attrs passes the instance
    if not value.isprintable() or not 0 < len(value) <= _LONGEST_NAME:
        raise ValueError(f"{field.name}: takes 1 to {_LONGEST_NAME} printable characters")


def _smtp(_: Any, field: attrs.Attribute[str], value: str) -> None:  # noqa: ANN401 attrs passes the instance
    if not _endpoint(field, value, SMTP_SCHEMES).port:
        raise ValueError(f"{field.name}: names no port")


def _address(_: Any, field: attrs.Attribute[str], value: str) -> None:  # noqa: ANN401 attrs passes the instance
    local, at, domain = value.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not HOST.fullmatch(domain) or "." not in domain:
        raise ValueError(f"{field.name}: is no plain address such as aduan@example.go.id; it must hold no plus")
    if len(local) > _LONGEST_LOCAL:
        raise ValueError(f"{field.name}: what stands before the @ is too long to carry a reply token")


def _name(_: Any, field: attrs.Attribute[str | None], value: str | None) -> None:  # noqa: ANN401 attrs passes the instance
    if value is not None and (not value.isprintable() or not 0 < len(value) <= _LONGEST_NAME):
        raise ValueError(f"{field.name}: takes 1 to {_LONGEST_NAME} printable characters")


def _seconds(_: Any, field: attrs.Attribute[float], value: float) -> None:  # noqa: ANN401 attrs passes the instance
    if not 1.0 <= value <= _LONGEST_WAIT:
        raise ValueError(f"{field.name}: must lie between 1 and {_LONGEST_WAIT:.0f} seconds")


def _provider(_: Any, field: attrs.Attribute[str | None], value: str | None) -> None:  # noqa: ANN401 attrs passes the instance
    if value is not None and value not in PROVIDERS:
        raise ValueError(f"{field.name}: is one of {', '.join(PROVIDERS)}")


@attrs.frozen(kw_only=True)
class EmailOptions(ServiceOptions):
    """Where mail comes from, `smtp` the relay that takes our mail, `address` our mailbox.

    Mail comes from one of: `listen`, where our border server delivers, encrypted with the PEM files
    `listen_certificate` and `listen_key`, as every peer must where `listen_starttls` says so; `imap`, a server that
    keeps our mailbox, with `imap_password`; or `webhook`, the service that posts it to us. What lies in `imap_folder`,
    unless it arrived before `imap_since`, is taken and moved to `imap_archive`.

    `name` stands beside the address in what we send. `password` belongs to the user in `smtp`. `starttls` is required
    of a relay on another machine unless it is set to false. `connections` is how many are kept to the relay, `timeout`
    the seconds one command to it may take.
    """

    listen: str | None = attrs.field(default=None, validator=_listen)
    listen_certificate: str | None = None
    listen_key: str | None = None
    listen_starttls: bool | None = None
    imap: str | None = attrs.field(default=None, validator=_imap)
    imap_password: Secret | None = None
    imap_folder: str = attrs.field(default="INBOX", validator=_folder)
    imap_archive: str = attrs.field(default="Treckk", validator=_folder)
    imap_since: date | None = None
    webhook: str | None = attrs.field(default=None, validator=_provider)
    smtp: str = attrs.field(validator=_smtp)
    address: str = attrs.field(validator=_address)
    name: str | None = attrs.field(default=None, validator=_name)
    password: Secret | None = None
    starttls: bool | None = None
    connections: int = attrs.field(default=4, validator=within(_CONNECTIONS))
    timeout: float = attrs.field(default=30.0, validator=_seconds)

    def __attrs_post_init__(self) -> None:
        self._check_source()
        relay = self.relay
        if (relay.user is None) != (self.password is None):
            raise ValueError("password: belongs to a user: write smtp://user@host and password, or neither")
        if relay.scheme == "smtps" and self.starttls:
            raise ValueError("starttls: smtps is encrypted from the start; write smtp or leave starttls out")
        if self.password is not None and not (self.tls or relay.loopback):
            raise ValueError("starttls: a password is not sent to another machine in plain")

    def _check_source(self) -> None:
        if sum(one is not None for one in (self.listen, self.imap, self.webhook)) != 1:
            raise ValueError("listen: mail comes from one place: give listen, imap or webhook")
        if (self.listen_certificate is None) != (self.listen_key is None):
            raise ValueError("listen_certificate: needs listen_key, and that needs it")
        if self.listen_starttls and self.listen_certificate is None:
            raise ValueError("listen_starttls: needs listen_certificate and listen_key")
        if (self.imap is None) != (self.imap_password is None):
            raise ValueError("imap_password: belongs to imap, and imap needs it")
        if self.imap is not None and find_spec("imapclient") is None:
            raise ValueError("imap: needs imapclient: pip install 'treckk-gateway[imap]'")
        if self.imap_folder == self.imap_archive:
            raise ValueError("imap_archive: must be another folder than imap_folder")
        if self.webhook is not None:
            PROVIDERS[self.webhook].check_options(self)
        elif self.webhook_secret or self.webhook_login or self.topics or self.s3_bucket:
            raise ValueError("webhook: names the service that webhook_..., topics and s3_... belong to")

    @property
    def entrance(self) -> Endpoint | None:
        """`listen`, read; `None` where mail comes from elsewhere."""
        return Endpoint.parse(self.listen, LISTEN_SCHEMES) if self.listen is not None else None

    @property
    def wants_starttls(self) -> bool:
        """Whether a peer must encrypt before it delivers: by default one on another machine, where there are keys."""
        if self.listen_starttls is not None or self.listen_certificate is None:
            return bool(self.listen_starttls)
        place = self.entrance
        return place is not None and not place.loopback

    @property
    def mailbox_server(self) -> Endpoint | None:
        """`imap`, read; `None` where mail comes from elsewhere."""
        return Endpoint.parse(self.imap, IMAP_SCHEMES) if self.imap is not None else None

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


def _endpoint(field: attrs.Attribute[Any], value: str, schemes: Mapping[str, int | None]) -> Endpoint:
    try:
        return Endpoint.parse(value, schemes)
    except ValueError as problem:
        raise ValueError(f"{field.name}: {problem}") from None
