"""One call of the API, and what it is answered from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from treckk_gateway.gateway import Gateway
from treckk_gateway.model import Actor, Role
from treckk_gateway.server.api.shapes.elements import NoPlace, NoQuery

OVERSEERS = frozenset({Role.ADMIN, Role.LEADERSHIP})
"""Who sees the books, what is parked and what was given up."""


@attrs.frozen(kw_only=True)
class Call:
    """A checked call. `place`, `query` and `body` are of the types the route names."""

    gateway: Gateway
    actor: Actor
    place: Any
    query: Any
    body: Any = None
    idempotency_key: str | None = None


@attrs.frozen(kw_only=True)
class Route:
    """One route: what is asked, what is answered, and who may.

    `path` is relative to the API. `roles` are those who may call it, `None` for all staff. `largest` is how many bytes
    a body may have. `answers` is the type of the JSON, `str` where `media` is text, `bytes` where `run` gives a file to
    hand over; `errors` the statuses besides 401, 403, 422, 500 and 503, which every route has.
    """

    method: str
    path: str
    name: str
    summary: str
    run: Callable[[Call], Awaitable[Any]]
    answers: Any
    status: int = 200
    media: str = "application/json"
    place: type[Any] = NoPlace
    query: type[Any] = NoQuery
    body: type[Any] | None = None
    roles: frozenset[Role] | None = None
    idempotent: bool = False
    largest: int = 65536
    errors: tuple[int, ...] = ()
