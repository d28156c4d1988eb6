"""The API's calls about cases."""

from __future__ import annotations

from msgspec import UNSET, structs

from treckk_gateway.casework import Given, WalkIn
from treckk_gateway.errors import TreckkError
from treckk_gateway.server.api import presentation
from treckk_gateway.server.api.problems import Refusal
from treckk_gateway.server.api.route import OVERSEERS, Call, Route
from treckk_gateway.server.api.shapes.casefile import CaseDetail
from treckk_gateway.server.api.shapes.cases import (
    AssignmentBody,
    CaseItem,
    CasePage,
    CasesQuery,
    ConfirmationBody,
    FormBody,
    MessagePlace,
    NoteBody,
    Reached,
    StepBody,
    Steps,
    TextBody,
    WalkInBody,
)
from treckk_gateway.server.api.shapes.elements import CasePlace


async def _list(call: Call) -> CasePage:
    asked = {name: value for name, value in structs.asdict(call.query).items() if value is not UNSET}
    if "post" in asked and call.gateway.profile.post(asked["post"]) is None:
        raise Refusal(422, "query", "there is no such post")
    try:
        found = await call.gateway.desk.cases(call.actor, **asked)
    except ValueError as problem:
        if isinstance(problem, TreckkError):
            raise
        raise Refusal(422, "query", str(problem)) from None  # `q` looks like an address and is none
    return presentation.case_page(found)


async def _open(call: Call) -> CaseItem:
    walk_in = WalkIn(**structs.asdict(call.body), idempotency_key=call.idempotency_key)
    return presentation.case_item(await call.gateway.desk.open_walk_in(call.actor, walk_in))


async def _show(call: Call) -> CaseDetail:
    return presentation.case_detail(await call.gateway.desk.case_file(call.actor, call.place.reference))


async def _steps(call: Call) -> Steps:
    return presentation.steps(await call.gateway.desk.steps(call.actor, call.place.reference))


async def _move(call: Call) -> CaseItem:
    given = {name: value for name, value in structs.asdict(call.body).items() if name != "to"}
    given["missing"] = tuple(given["missing"])
    moved = await call.gateway.desk.move(call.actor, call.place.reference, call.body.to, Given(**given))
    return presentation.case_item(moved)


async def _write(call: Call) -> CaseItem:
    return presentation.case_item(await call.gateway.desk.write(call.actor, call.place.reference, call.body.text))


async def _note(call: Call) -> CaseItem:
    return presentation.case_item(await call.gateway.desk.note(call.actor, call.place.reference, call.body.text))


async def _reach(call: Call) -> Reached:
    return Reached(addresses=await call.gateway.desk.reach(call.actor, call.place.reference))


async def _take(call: Call) -> CaseItem:
    return presentation.case_item(await call.gateway.desk.take(call.actor, call.place.reference))


async def _release(call: Call) -> CaseItem:
    return presentation.case_item(await call.gateway.desk.release(call.actor, call.place.reference))


async def _correct(call: Call) -> CaseItem:
    field, value = call.body.field, call.body.value
    return presentation.case_item(await call.gateway.desk.correct(call.actor, call.place.reference, field, value))


async def _confirm(call: Call) -> CaseItem:
    return presentation.case_item(await call.gateway.desk.confirm(call.actor, call.place.reference, call.body.note))


async def _answer_data(call: Call) -> CaseItem:
    answered = await call.gateway.desk.answer_data_request(call.actor, call.place.reference, call.body.text)
    return presentation.case_item(answered)


async def _unmerge(call: Call) -> CaseItem:
    return presentation.case_item(await call.gateway.desk.unmerge(call.actor, call.place.reference, call.body.note))


async def _split(call: Call) -> CaseItem:
    return presentation.case_item(await call.gateway.desk.split(call.actor, call.place.reference, call.place.message))


async def _assign(call: Call) -> CaseItem:
    asked = call.body
    return presentation.case_item(
        await call.gateway.desk.assign(call.actor, call.place.reference, asked.post, asked.note)
    )


_ONE = "/cases/{reference}"

ROUTES = (
    Route(
        method="GET", path="/cases", name="listCases", summary="Cases the caller may see, newest first",
        run=_list, answers=CasePage, query=CasesQuery,
    ),
    Route(
        method="POST", path="/cases", name="openCase", summary="Write down a complaint for somebody",
        run=_open, answers=CaseItem, status=201, body=WalkInBody, idempotent=True, errors=(404, 409),
    ),
    Route(
        method="GET", path=_ONE, name="showCase", summary="One case; looking at it is written down",
        run=_show, answers=CaseDetail, place=CasePlace, errors=(404,),
    ),
    Route(
        method="GET", path=f"{_ONE}/transitions", name="listSteps", summary="What the caller may do next with a case",
        run=_steps, answers=Steps, place=CasePlace, errors=(404,),
    ),
    Route(
        method="POST", path=f"{_ONE}/transitions", name="moveCase", summary="Take a step of the lifecycle",
        run=_move, answers=CaseItem, place=CasePlace, body=StepBody, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/messages", name="writeToReporter", summary="Write to the reporter",
        run=_write, answers=CaseItem, place=CasePlace, body=TextBody, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/notes", name="addNote", summary="Add an internal note; it never leaves the house",
        run=_note, answers=CaseItem, place=CasePlace, body=TextBody, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/reach", name="reachReporter", summary="Write again to addresses set aside",
        run=_reach, answers=Reached, place=CasePlace, roles=OVERSEERS, errors=(404,),
    ),
    Route(
        method="POST", path=f"{_ONE}/takeover", name="takeCase", summary="Hold the case: the machine falls silent",
        run=_take, answers=CaseItem, place=CasePlace, roles=OVERSEERS, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/release", name="releaseCase", summary="Give the case back to the machine",
        run=_release, answers=CaseItem, place=CasePlace, roles=OVERSEERS, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/form", name="correctForm", summary="Correct a field of the form",
        run=_correct, answers=CaseItem, place=CasePlace, body=FormBody, roles=OVERSEERS,
        errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/confirmation", name="confirmCase", summary="Leadership confirms an initial action",
        run=_confirm, answers=CaseItem, place=CasePlace, body=ConfirmationBody, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/data-answer", name="answerDataRequest",
        summary="Record that a request about personal data was answered", run=_answer_data, answers=CaseItem,
        place=CasePlace, body=TextBody, roles=OVERSEERS, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/unmerge", name="unmergeCase", summary="Undo a merge",
        run=_unmerge, answers=CaseItem, place=CasePlace, body=NoteBody, roles=OVERSEERS,
        errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/messages/{{message}}/split", name="splitCase",
        summary="Make a case of its own of one message", run=_split, answers=CaseItem, status=201,
        place=MessagePlace, roles=OVERSEERS, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/assignment", name="assignCase", summary="Give a case to another post",
        run=_assign, answers=CaseItem, place=CasePlace, body=AssignmentBody, roles=OVERSEERS,
        errors=(404, 409),
    ),
)  # fmt: skip
"""Every call about cases."""
