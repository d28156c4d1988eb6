"""The API's calls about who reported, who looked, and who is forgotten."""

from __future__ import annotations

from treckk_gateway.model import Role
from treckk_gateway.server import presentation, shapes
from treckk_gateway.server.route import OVERSEERS, Call, Route

_LEADERS = frozenset({Role.LEADERSHIP})
_ONE = "/cases/{reference}"


async def _identities(call: Call) -> shapes.Identities:
    found = await call.gateway.desk.identities(call.actor, call.place.reference, call.body.reason)
    return presentation.identities(found)


async def _accesses(call: Call) -> shapes.Accesses:
    return presentation.accesses(await call.gateway.desk.accesses(call.actor, call.place.reference))


async def _hold(call: Call) -> shapes.CaseItem:
    asked = call.body
    held = await call.gateway.desk.hold(call.actor, call.place.reference, asked.reason, on=asked.hold)
    return presentation.case_item(held)


async def _erase(call: Call) -> shapes.Erased:
    asked = call.body
    desk = call.gateway.desk
    return shapes.Erased(pseudonym=await desk.erase(call.actor, call.place.reference, asked.reason, asked.pseudonym))


async def _expiring(call: Call) -> shapes.Expiring:
    return presentation.expiring(await call.gateway.desk.expiring())


ROUTES = (
    Route(
        method="POST", path=f"{_ONE}/identities", name="openIdentities",
        summary="Who reported; written down with the reason", run=_identities, answers=shapes.Identities,
        place=shapes.CasePlace, body=shapes.ReasonBody, roles=OVERSEERS, errors=(404,),
    ),
    Route(
        method="GET", path=f"{_ONE}/access", name="listAccess", summary="Who looked at a case, and why",
        run=_accesses, answers=shapes.Accesses, place=shapes.CasePlace, roles=_LEADERS, errors=(404,),
    ),
    Route(
        method="POST", path=f"{_ONE}/hold", name="holdCase", summary="Keep a case from being erased, or no longer",
        run=_hold, answers=shapes.CaseItem, place=shapes.CasePlace, body=shapes.HoldBody, roles=_LEADERS,
        errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/erasure", name="eraseReporter", summary="Forget the reporter of a case",
        run=_erase, answers=shapes.Erased, place=shapes.CasePlace, body=shapes.ErasureBody, roles=_LEADERS,
        errors=(404, 409),
    ),
    Route(
        method="GET", path="/retention", name="listExpiring", summary="Reporters whose retention ends soon",
        run=_expiring, answers=shapes.Expiring, roles=_LEADERS,
    ),
)  # fmt: skip
"""Every call about people."""
