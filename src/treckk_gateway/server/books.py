"""The API's calls about what was counted, what could not be read and what could not be told."""

from __future__ import annotations

from msgspec import UNSET, structs

from treckk_gateway.server import presentation, shapes
from treckk_gateway.server.route import OVERSEERS, Call, Route


async def _counters(call: Call) -> shapes.Counters:
    return await call.gateway.counters()


async def _parked(call: Call) -> shapes.ParkedPage:
    return presentation.parked_page(await call.gateway.desk.parked(**_page(call)))


async def _dead_letters(call: Call) -> shapes.DeadLetterPage:
    return presentation.dead_letter_page(await call.gateway.desk.dead_letters(**_page(call)))


async def _replay_parked(call: Call) -> shapes.Replayed:
    return shapes.Replayed(replayed=await call.gateway.desk.replay_parked(call.actor, call.place.id))


async def _replay_dead(call: Call) -> shapes.Replayed:
    return shapes.Replayed(replayed=await call.gateway.desk.replay_dead(call.actor, call.place.id))


def _page(call: Call) -> dict[str, int | str]:
    return {name: value for name, value in structs.asdict(call.query).items() if value is not UNSET}


ROUTES = (
    Route(
        method="GET", path="/counters", name="showCounters", summary="The books: received = filed + parked + new",
        run=_counters, answers=shapes.Counters, roles=OVERSEERS,
    ),
    Route(
        method="GET", path="/parked", name="listParked", summary="Requests nobody could read, newest first",
        run=_parked, answers=shapes.ParkedPage, query=shapes.PageQuery, roles=OVERSEERS,
    ),
    Route(
        method="POST", path="/parked/{id}/replay", name="replayParked", summary="Try a parked request again",
        run=_replay_parked, answers=shapes.Replayed, place=shapes.RowPlace, roles=OVERSEERS, errors=(404,),
    ),
    Route(
        method="GET", path="/dead-letters", name="listDeadLetters", summary="Messages given up or of uncertain fate",
        run=_dead_letters, answers=shapes.DeadLetterPage, query=shapes.PageQuery, roles=OVERSEERS,
    ),
    Route(
        method="POST", path="/dead-letters/{id}/replay", name="replayDeadLetter", summary="Send a dead letter again",
        run=_replay_dead, answers=shapes.Replayed, place=shapes.RowPlace, roles=OVERSEERS, errors=(404,),
    ),
)  # fmt: skip
"""Every call about the books."""
