"""Who calls: the bearer token of a staff entry (RFC 6750)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from treckk_gateway.casework import Roster
from treckk_gateway.gateway import Gateway
from treckk_gateway.model import Actor, Role
from treckk_gateway.server.api.problems import Refusal

Identify = Callable[[web.Request], Actor]
"""Says who calls. Raises `Refusal` with 401 when nobody known does."""

OPERATOR = Actor(name="operator", role=Role.ADMIN, operator=True)
"""Who has a shell on the machine: an admin, and nobody's superior. Leadership decides under its own name."""

_TOKEN = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/-]{16,512}=*)")
_UNFIT = "that is no token: 'Bearer', and 16 to 512 letters, digits or -._~+/ (make one: openssl rand -hex 32)"
_REALM = 'Bearer realm="treckk"'


def bearer(gateway: Gateway) -> Identify:
    """Identify by the `Authorization` header; comparing takes the same time for every wrong token."""
    zone = ZoneInfo(gateway.profile.zone)
    roster = Roster(gateway.settings.staff, lambda: _today(zone))

    def identify(request: web.Request) -> Actor:
        given = request.headers.getall("Authorization", [])
        if not given:
            raise Refusal(401, "unauthorized", "a bearer token is needed", {"WWW-Authenticate": _REALM})
        token = _TOKEN.fullmatch(given[0].strip()) if len(given) == 1 else None
        actor = roster.bearing(token[1]) if token else None
        if actor is None:
            headers = {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
            raise Refusal(401, "unauthorized", "nobody here has that token" if token else _UNFIT, headers)
        return actor

    return identify


def operator(_request: web.Request) -> Actor:
    """For the socket that only the machine's operator can open."""
    return OPERATOR


def _today(zone: ZoneInfo) -> date:
    return datetime.now(zone).date()
