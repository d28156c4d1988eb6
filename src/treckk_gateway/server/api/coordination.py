"""The API's calls for what the unit's people do among themselves; the phone does the same."""

from __future__ import annotations

import base64
import binascii

from msgspec import UNSET

from treckk_gateway.casework import Given
from treckk_gateway.casework.personnel import PersonnelView
from treckk_gateway.casework.relocation import Place
from treckk_gateway.errors import Incomplete
from treckk_gateway.model import Attachment, MediaKind, State
from treckk_gateway.server.api import presentation
from treckk_gateway.server.api.route import Call, Route
from treckk_gateway.server.api.shapes.cases import CaseItem
from treckk_gateway.server.api.shapes.coordination import (
    AnswerBody,
    ApprovedAnswers,
    ApprovedBody,
    ApprovedItem,
    DecisionBody,
    EvidenceBody,
    EvidenceFile,
    ExtensionBody,
    NumberPlace,
    PersonnelBody,
    PersonnelItem,
    PersonnelPage,
    PersonnelQuery,
    PlaceBody,
    Point,
    ProposalBody,
)
from treckk_gateway.server.api.shapes.elements import CasePlace

_MOST_BYTES = 16_000_000
"""Of one body with evidence."""


async def _propose(call: Call) -> CaseItem:
    asked: ProposalBody = call.body
    given = Given(reason=asked.reason, post=asked.post, note=asked.note)
    return presentation.case_item(
        await call.gateway.coordination.propose(call.actor, call.place.reference, State(asked.to.value), given)
    )


async def _decide(call: Call) -> CaseItem:
    asked: DecisionBody = call.body
    return presentation.case_item(
        await call.gateway.coordination.decide(call.actor, call.place.reference, agree=asked.agree, note=asked.note)
    )


async def _locate(call: Call) -> CaseItem:
    asked: PlaceBody = call.body
    point = _point(call, asked.point)
    place = Place(
        district=asked.district,
        village=asked.village,
        lat=point[0] if point else None,
        lng=point[1] if point else None,
        landmark=asked.landmark,
    )
    return presentation.case_item(await call.gateway.coordination.locate(call.actor, call.place.reference, place))


async def _prove(call: Call) -> CaseItem:
    asked: EvidenceBody = call.body
    return presentation.case_item(
        await call.gateway.coordination.add_evidence(
            call.actor,
            call.place.reference,
            files=[_file(one) for one in asked.files],
            point=_point(call, asked.point),
            note=asked.note or "",
        )
    )


async def _extend(call: Call) -> CaseItem:
    return presentation.case_item(
        await call.gateway.coordination.extend(call.actor, call.place.reference, call.body.reason)
    )


async def _answer(call: Call) -> CaseItem:
    return presentation.case_item(
        await call.gateway.coordination.answer(call.actor, call.place.reference, call.body.code)
    )


async def _release(call: Call) -> CaseItem:
    return presentation.case_item(await call.gateway.coordination.release_point(call.actor, call.place.reference))


async def _hand_down(call: Call) -> CaseItem:
    return presentation.case_item(await call.gateway.coordination.hand_down(call.actor, call.place.reference))


async def _approved(call: Call) -> ApprovedAnswers:
    return ApprovedAnswers(
        items=[
            ApprovedItem(
                code=one.code,
                topic=one.topic,
                answer=one.answer,
                approved_by=one.approved_by,
                approved_at=one.approved_at,
            )
            for one in call.gateway.coordination.approved_answers()
        ]
    )


async def _requests(call: Call) -> PersonnelPage:
    asked: PersonnelQuery = call.query
    page = await call.gateway.coordination.personnel(
        call.actor,
        waiting=asked.waiting,
        cursor=None if asked.cursor is UNSET else asked.cursor,
        limit=asked.limit,
    )
    return PersonnelPage(items=[_item(one) for one in page.items], next_cursor=page.next_cursor)


async def _ask(call: Call) -> PersonnelItem:
    asked: PersonnelBody = call.body
    return _item(
        await call.gateway.coordination.ask_personnel(
            call.actor, int(asked.wanted), asked.reason, post=asked.post, reference=asked.reference
        )
    )


async def _grant(call: Call) -> PersonnelItem:
    asked: AnswerBody = call.body
    return _item(
        await call.gateway.coordination.answer_personnel(
            call.actor, call.place.number, granted=asked.granted, note=asked.note or ""
        )
    )


def _item(view: PersonnelView) -> PersonnelItem:
    return PersonnelItem(
        number=view.number,
        post=view.post,
        wanted=view.wanted,
        reason=view.reason,
        asked_by=view.asked_by,
        asked_at=presentation.moment(view.asked_at),
        reference=view.reference,
        granted=view.granted,
        answered_by=view.answered_by,
        answered_at=presentation.moment(view.answered_at) if view.answered_at is not None else None,
        answer=view.answer,
    )


def _point(call: Call, point: Point | None) -> tuple[float, float] | None:
    """Degrees inside the unit's box. Raises `Incomplete` for a point that lies elsewhere."""
    if point is None:
        return None
    if not call.gateway.profile.bounds.contains(point.lat, point.lng):
        raise Incomplete("that point lies outside the unit's area", ("point",))
    return point.lat, point.lng


def _file(given: EvidenceFile) -> Attachment:
    try:
        content = base64.b64decode(given.content_base64, validate=True)
    except (binascii.Error, ValueError):
        raise Incomplete("content_base64 is no Base64", ("files",)) from None
    return Attachment(
        kind=MediaKind.of(given.content_type),
        content_type=given.content_type,
        filename=given.filename,
        size=len(content),
        content=content,
    )


_ONE = "/cases/{reference}"
_CASE = CasePlace

ROUTES = (
    Route(
        method="POST", path=f"{_ONE}/proposals", name="proposeStep", summary="Propose a step to leadership",
        run=_propose, answers=CaseItem, place=_CASE, body=ProposalBody, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/proposals/decision", name="decideProposal",
        summary="Leadership takes the step proposed, or declines it",
        run=_decide, answers=CaseItem, place=_CASE, body=DecisionBody, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/place", name="correctPlace",
        summary="Say where it is; the case goes to the post of that place",
        run=_locate, answers=CaseItem, place=_CASE, body=PlaceBody, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/evidence", name="addEvidence",
        summary="Add files or a point; no reporter ever gets them",
        run=_prove, answers=CaseItem, place=_CASE, body=EvidenceBody, largest=_MOST_BYTES,
        errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/extension", name="extendAnswer", summary="Take more time for an answer, once",
        run=_extend, answers=CaseItem, place=_CASE, body=ExtensionBody, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/approved-answer", name="sendApprovedAnswer", summary="Send an approved answer",
        run=_answer, answers=CaseItem, place=_CASE, body=ApprovedBody, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/point-release", name="releasePoint",
        summary="Leadership lets the field see the exact point",
        run=_release, answers=CaseItem, place=_CASE, errors=(404, 409),
    ),
    Route(
        method="POST", path=f"{_ONE}/hand-down", name="handDown",
        summary="Give a complaint about leadership to leadership",
        run=_hand_down, answers=CaseItem, place=_CASE, errors=(404, 409),
    ),
    Route(
        method="GET", path="/approved-answers", name="listApprovedAnswers", summary="Answers somebody approved",
        run=_approved, answers=ApprovedAnswers,
    ),
    Route(
        method="GET", path="/personnel-requests", name="listPersonnelRequests",
        summary="Requests for people, newest first",
        run=_requests, answers=PersonnelPage, query=PersonnelQuery,
    ),
    Route(
        method="POST", path="/personnel-requests", name="askPersonnel", summary="Ask headquarters for people",
        run=_ask, answers=PersonnelItem, status=201, body=PersonnelBody, errors=(404, 409),
    ),
    Route(
        method="POST", path="/personnel-requests/{number}/answer", name="answerPersonnel",
        summary="Headquarters answers yes or no, once",
        run=_grant, answers=PersonnelItem, place=NumberPlace, body=AnswerBody, errors=(404, 409),
    ),
)  # fmt: skip
"""Every call among the unit's people."""
