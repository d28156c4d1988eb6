"""What the unit's people do among themselves on a case: propose, place, prove, answer, ask each other for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import attrs

from treckk_gateway.casework.bodies import MessageBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.information import Information
from treckk_gateway.casework.marks import Marks
from treckk_gateway.casework.personnel import Personnel, PersonnelView
from treckk_gateway.casework.proposals import Proposals
from treckk_gateway.casework.relocation import Place, Relocation
from treckk_gateway.casework.views import Given, Page
from treckk_gateway.errors import Incomplete, NotAllowed, NotFoundError, Stale
from treckk_gateway.model import Actor, Attachment, Case, Location, PlaceSource, State
from treckk_gateway.privacy import Box
from treckk_gateway.profile.information import Faq
from treckk_gateway.store.orders import CaseFields, Change, Filing, NewAttachment, NewMessage

KeepOwn = Callable[[Sequence[Attachment], Box], Awaitable[tuple[NewAttachment, ...]]]
"""Keeps files of the unit's own people, sealed in its box."""

_TRIES = 5
_MOST = 200


@attrs.frozen
class Coordination:
    """Every act names who does it; what the actor may not see does not exist for them. The phone does the same."""

    casework: Casework
    keep: KeepOwn

    async def propose(self, actor: Actor, reference: str, to: State, given: Given) -> Case:
        """An admin proposes to refuse, or to send a post. Raises what `Proposals.proposing` raises."""
        return await self._change(
            actor, reference, lambda case: Proposals(self.casework).proposing(case, actor, to, given)
        )

    async def decide(self, actor: Actor, reference: str, *, agree: bool, note: str | None = None) -> Case:
        """Leadership takes the step proposed, or declines it. Raises what `Proposals.deciding` raises."""
        return await self._change(
            actor, reference, lambda case: Proposals(self.casework).deciding(case, actor, agree=agree, note=note)
        )

    async def locate(self, actor: Actor, reference: str, place: Place) -> Case:
        """Say where it is; the case goes to the post of that place. Raises what `Relocation.moving` raises."""
        return await self._change(actor, reference, lambda case: Relocation(self.casework).moving(case, actor, place))

    async def extend(self, actor: Actor, reference: str, reason: str) -> Case:
        """More time for an answer, once, with the reason the asker reads. Raises what `Information.extending` does."""
        return await self._change(
            actor, reference, lambda case: Information(self.casework).extending(case, actor, reason)
        )

    async def answer(self, actor: Actor, reference: str, code: str) -> Case:
        """Send an approved answer. Raises what `Information.answering` raises."""
        return await self._change(
            actor, reference, lambda case: Information(self.casework).answering(case, actor, code)
        )

    async def release_point(self, actor: Actor, reference: str) -> Case:
        """Leadership lets the field see the exact point. Raises what `Marks.releasing` raises."""
        return await self._change(actor, reference, lambda case: Marks(self.casework).releasing(case, actor))

    async def hand_down(self, actor: Actor, reference: str) -> Case:
        """Who oversees leadership gives a complaint about it to leadership. Raises what `Marks.handing_down` raises."""
        return await self._change(actor, reference, lambda case: Marks(self.casework).handing_down(case, actor))

    def approved_answers(self) -> tuple[Faq, ...]:
        """Every approved answer of the profile."""
        return self.casework.profile.information.faq

    async def add_evidence(
        self,
        actor: Actor,
        reference: str,
        *,
        files: Sequence[Attachment] = (),
        point: tuple[float, float] | None = None,
        note: str = "",
    ) -> Case:
        """Photos, a point, words: kept sealed with the case as this person's, never sent to a reporter.

        Raises `Incomplete` when nothing is given.
        """
        if not files and point is None:
            raise Incomplete("evidence is a file or a point", ("evidence",))
        unit = self.casework.keyring.unit
        location = Location(lat=point[0], lng=point[1], source=PlaceSource.STAFF) if point else None
        body = MessageBody(text=note, sender_name=actor.name, location=location)
        kept = await self.keep(files, unit)
        for _ in range(_TRIES):
            case = await self._visible(actor, reference)
            change = await Marks(self.casework).evidence(case, actor, len(files), pin=point is not None, note=note)
            message = NewMessage(
                conversation_id=None,
                reporter_id=None,
                body=unit.seal_value(Purpose.MESSAGE, body),
                attachments=kept,
                direction="staff",
            )
            filed = await self.casework.store.file(
                Filing(
                    inbox_id=None,
                    now=change.now,
                    message=message,
                    case_id=case.case_id,
                    version=case.version,
                    fields=CaseFields(),
                    event=change.event,
                )
            )
            if not filed.stale:
                self.casework.hint()
                return await self._visible(actor, reference)
        raise Stale("the case keeps changing: read it again")

    async def ask_personnel(
        self, actor: Actor, wanted: int, reason: str, *, post: str | None = None, reference: str | None = None
    ) -> PersonnelView:
        """A post asks headquarters for people. Raises what `Personnel.asking` raises, and `Stale`."""
        if post is not None and actor.post not in {None, post} and self.casework.posts_of(actor, None) is not None:
            raise NotAllowed("a post asks for itself")
        for _ in range(_TRIES):
            case = await self._visible(actor, reference) if reference is not None else None
            filing, number = await Personnel(self.casework).asking(actor, wanted, reason, post, case)
            if not (await self.casework.store.file(filing)).stale:
                self.casework.hint()
                return await self._request(number)
        raise Stale("the case keeps changing: read it again")

    async def answer_personnel(self, actor: Actor, number: str, *, granted: bool, note: str = "") -> PersonnelView:
        """Headquarters answers yes or no, once. Raises what `Personnel.answering` raises, and `NotFoundError`."""
        personnel = Personnel(self.casework)
        for _ in range(_TRIES):
            row = await personnel.waiting(number)
            filed = await self.casework.store.file(
                await personnel.answering(actor, row, granted=granted, note=note.strip())
            )
            if not filed.stale:
                self.casework.hint()
                return await self._request(number)
        raise Stale("the request keeps changing: read it again")

    async def personnel(
        self, actor: Actor, *, waiting: bool = False, cursor: str | None = None, limit: int = 50
    ) -> Page[PersonnelView]:
        """Requests, newest first: all for headquarters, the desk and leadership, those of their own post for others."""
        personnel = Personnel(self.casework)
        rows = await self.casework.store.personnel_requests(
            post=None if personnel.answers(actor) else actor.post or "-",
            waiting=waiting,
            cursor=int(cursor) if cursor else None,
            limit=min(limit, _MOST) + 1,
        )
        shown = await personnel.views(rows[: min(limit, _MOST)])
        more = len(rows) > min(limit, _MOST)
        return Page(items=tuple(shown), next_cursor=shown[-1].number.removeprefix("P") if more else None)

    async def _request(self, number: str) -> PersonnelView:
        [view] = await Personnel(self.casework).views([await Personnel(self.casework).waiting(number)])
        return view

    async def _change(self, actor: Actor, reference: str, change: Callable[[Case], Awaitable[Change]]) -> Case:
        case = await self._visible(actor, reference)
        return await self.casework.apply(case.case_id, change)

    async def _visible(self, actor: Actor, reference: str) -> Case:
        case = await self.casework.by_reference(reference)
        if not self.casework.visible(case, actor):
            raise NotFoundError("no case has that number")
        return case
