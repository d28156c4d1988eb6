"""The API's calls about who reported, who looked, and who is forgotten."""

from __future__ import annotations

from treckk_gateway.model import Role
from treckk_gateway.server.api import presentation
from treckk_gateway.server.api.route import OVERSEERS, Call, Route
from treckk_gateway.server.api.shapes.cases import CaseItem
from treckk_gateway.server.api.shapes.elements import CasePlace
from treckk_gateway.server.api.shapes.people import (
    Accesses,
    Erased,
    ErasureBody,
    Expiring,
    HoldBody,
    Identities,
    ReasonBody,
)

_LEADERS = frozenset({Role.LEADERSHIP})
_ONE = "/cases/{reference}"


async def _identities(call: Call) -> Identities:
    found = await call.gateway.desk.identities(call.actor, call.place.reference, call.body.reason)
    return presentation.identities(found)


async def _accesses(call: Call) -> Accesses:
    return presentation.accesses(await call.gateway.desk.accesses(call.actor, call.place.reference))


async def _hold(call: Call) -> CaseItem:
    asked = call.body
    held = await call.gateway.desk.hold(call.actor, call.place.reference, asked.reason, on=asked.hold)
    return presentation.case_item(held)


async def _erase(call: Call) -> Erased:
    asked = call.body
    desk = call.gateway.desk
    return Erased(pseudonym=await desk.erase(call.actor, call.place.reference, asked.reason, asked.pseudonym))


async def _expiring(call: Call) -> Expiring:
    return presentation.expiring(await call.gateway.desk.expiring())


ROUTES = (
    Route(
        method="POST", path=f"{_ONE}/identities", name="openIdentities",
        summary="Who reported; written down with the reason", run=_identities, answers=Identities,
        place=CasePlace, body=ReasonBody, roles=OVERSEERS, errors=(404,),
    ),
    Route(
        method="GET", path=f"{_ONE}/access", name="listAccess", summary="Who looked at a case, and why",
        run=_accesses, answers=Accesses, place=CasePlace, roles=_LEADERS, errors=(404,),
    ),
    Route(
        method="POST", path=f"{_ONE}/hold", name="holdCase", summary="Keep a case from being erased, or no longer",
        run=_hold, answers=CaseItem, place=CasePlace, body=HoldBody, roles=_LEADERS,
        errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/erasure", name="eraseReporter", summary="Forget the reporter of a case",
        run=_erase, answers=Erased, place=CasePlace, body=ErasureBody, roles=_LEADERS,
        errors=(404, 409),
    ),
    Route(
        method="GET", path="/retention", name="listExpiring", summary="Reporters whose retention ends soon",
        run=_expiring, answers=Expiring, roles=_LEADERS,
    ),
)  # fmt: skip
"""Every call about people."""
