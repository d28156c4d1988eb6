"""Errors as problem JSON (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web

from treckk_gateway.errors import (
    IllegalTransition,
    Incomplete,
    KeyReused,
    NotAllowed,
    NotFoundError,
    Stale,
    StoreBusy,
    StoreUnavailable,
    TreckkError,
)
from treckk_gateway.server.api.shapes import cases, coordination

CONTENT_TYPE = "application/problem+json"
_TYPE = "urn:treckk:problem:"
_COME_AGAIN = 30
_ASKED = cases.ASKED | coordination.ASKED
_SERVER = 500


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What went wrong. `type` is stable; `detail` is for a person; `missing` names what must come with a step."""

    type: str
    title: str
    status: int
    detail: str = ""
    missing: list[str] = []


class Refusal(Exception):
    """A request is refused: a status, a stable code, what to do, and headers that go with it."""

    def __init__(self, status: int, code: str, detail: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.missing: tuple[str, ...] = ()


_KINDS: tuple[tuple[type[TreckkError], int, str], ...] = (
    (NotFoundError, 404, "not_found"),
    (NotAllowed, 403, "not_allowed"),
    (IllegalTransition, 409, "illegal_transition"),
    (Stale, 409, "stale"),
    (Incomplete, 422, "incomplete"),
    (KeyReused, 422, "idempotency_key"),
    (StoreBusy, 503, "busy"),
    (StoreUnavailable, 503, "unavailable"),
)


def refusal(problem: TreckkError) -> Refusal | None:
    """What one of our own errors is answered with; `None` for those no caller can cause.

    `Incomplete` is 422 when the caller can send what is missing, and 409 when the case itself is not far enough.
    """
    for kind, status, code in _KINDS:
        if isinstance(problem, kind):
            refused = Refusal(status, code, str(problem) if status < _SERVER else "", _headers(problem))
            if isinstance(problem, Incomplete):
                refused.missing = problem.missing
                refused.status = status if problem.missing and _ASKED.issuperset(problem.missing) else 409
            return refused
    return None


def answer(refused: Refusal) -> web.Response:
    """The refusal as a response."""
    body = Problem(
        type=_TYPE + refused.code,
        title=HTTPStatus(refused.status).phrase,
        status=refused.status,
        detail=refused.detail,
        missing=list(refused.missing),
    )
    headers = {**refused.headers, "Content-Type": CONTENT_TYPE}
    return web.Response(body=msgspec.json.encode(body), status=refused.status, headers=headers)


def _headers(problem: TreckkError) -> dict[str, str]:
    if isinstance(problem, StoreBusy):
        return {"Retry-After": str(problem.retry_after)}
    if isinstance(problem, StoreUnavailable):
        return {"Retry-After": str(_COME_AGAIN)}
    if isinstance(problem, NotAllowed):
        return {"WWW-Authenticate": 'Bearer realm="treckk", error="insufficient_scope"'}
    return {}
