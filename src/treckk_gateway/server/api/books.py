"""The API's calls about what was counted, what could not be read and what could not be told."""

from __future__ import annotations

from msgspec import UnsetType

from treckk_gateway.server.api import presentation
from treckk_gateway.server.api.route import OVERSEERS, Call, Route
from treckk_gateway.server.api.shapes.books import Counters, DeadLetterPage, ParkedPage, Replayed, RowPlace
from treckk_gateway.server.api.shapes.elements import PageQuery


async def _counters(call: Call) -> Counters:
    return await call.gateway.counters()


async def _parked(call: Call) -> ParkedPage:
    found = await call.gateway.desk.parked(cursor=_cursor(call), limit=call.query.limit)
    return presentation.parked_page(found)


async def _dead_letters(call: Call) -> DeadLetterPage:
    found = await call.gateway.desk.dead_letters(cursor=_cursor(call), limit=call.query.limit)
    return presentation.dead_letter_page(found)


async def _replay_parked(call: Call) -> Replayed:
    return Replayed(replayed=await call.gateway.desk.replay_parked(call.actor, call.place.id))


async def _replay_dead(call: Call) -> Replayed:
    return Replayed(replayed=await call.gateway.desk.replay_dead(call.actor, call.place.id))


def _cursor(call: Call) -> str | None:
    given: str | UnsetType = call.query.cursor
    return None if isinstance(given, UnsetType) else given


ROUTES = (
    Route(
        method="GET", path="/counters", name="showCounters", summary="The books: received = filed + parked + new",
        run=_counters, answers=Counters, roles=OVERSEERS,
    ),
    Route(
        method="GET", path="/parked", name="listParked", summary="Requests nobody could read, newest first",
        run=_parked, answers=ParkedPage, query=PageQuery, roles=OVERSEERS,
    ),
    Route(
        method="POST", path="/parked/{id}/replay", name="replayParked", summary="Try a parked request again",
        run=_replay_parked, answers=Replayed, place=RowPlace, roles=OVERSEERS, errors=(404,),
    ),
    Route(
        method="GET", path="/dead-letters", name="listDeadLetters", summary="Messages given up or of uncertain fate",
        run=_dead_letters, answers=DeadLetterPage, query=PageQuery, roles=OVERSEERS,
    ),
    Route(
        method="POST", path="/dead-letters/{id}/replay", name="replayDeadLetter", summary="Send a dead letter again",
        run=_replay_dead, answers=Replayed, place=RowPlace, roles=OVERSEERS, errors=(404,),
    ),
)  # fmt: skip
"""Every call about the books."""
