"""Posts ask headquarters for people; headquarters answers yes or no (domain reference, R16). There is no roster."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.menus import Menu, Option, reply
from treckk_gateway.errors import Incomplete, NotAllowed, NotFoundError
from treckk_gateway.model import Act, Actor, Case, EventKind, Instant, Role, Staff
from treckk_gateway.store.orders import CaseFields, Draft, Filing, NewPersonnel, PersonnelAnswer
from treckk_gateway.store.rows import PersonnelRow

_ASKING = frozenset({Role.TEAM, Role.DUTY, Role.ADMIN, Role.LEADERSHIP})
_MOST = 999
_ROW = "personnel"


@attrs.frozen(kw_only=True)
class PersonnelView:
    """A request as staff see it. `number` reads `P7`; `granted` is `None` while it waits."""

    number: str
    post: str
    wanted: int
    reason: str = attrs.field(repr=False)
    asked_by: str
    asked_at: Instant
    reference: str | None = None
    granted: bool | None = None
    answered_by: str | None = None
    answered_at: Instant | None = None
    answer: str = attrs.field(default="", repr=False)


@attrs.frozen
class Personnel:
    """Requests and headquarters' answers, kept with who and when, and in the case where there is one."""

    casework: Casework

    async def asking(
        self, actor: Actor, wanted: int, reason: str, post: str | None, case: Case | None
    ) -> tuple[Filing, str]:
        """The filing of a request, and its number. Raises `NotAllowed` or `Incomplete`."""
        if not actor.roles & _ASKING:
            raise NotAllowed("people are asked for by posts, the desk and leadership")
        if not 1 <= wanted <= _MOST:
            raise Incomplete(f"say how many, 1 to {_MOST}", ("wanted",))
        if not reason.strip():
            raise Incomplete("say what they are needed for", ("reason",))
        self.casework.wording.check_post(post)
        asking_post = post or actor.post or (case.post if case else None) or self._center
        unit = self.casework.keyring.unit
        row = NewPersonnel(
            id=await self.casework.store.next_number(_ROW),
            post=asking_post,
            wanted=wanted,
            asked_by=actor.name,
            reason=unit.seal_value(Purpose.EVENT, reason.strip()),
            case_id=case.case_id if case else None,
        )
        number = f"P{row.id}"
        data = {"request": number, "post": asking_post, "wanted": str(wanted), "reason": reason.strip()}
        told = await self._told_of_request(row, reason.strip(), case)
        return await self._filing(row, actor, case, data, told), number

    async def answering(self, actor: Actor, row: PersonnelRow, *, granted: bool, note: str) -> Filing:
        """The filing of an answer. Raises `NotAllowed` but for headquarters, `Incomplete` when it is answered."""
        if not self.answers(actor):
            raise NotAllowed("headquarters answers requests for people")
        if row.granted is not None:
            raise Incomplete("this request is answered already", ("answered",))
        case = await self.casework.store.case(case_id=row.case_id) if row.case_id is not None else None
        unit = self.casework.keyring.unit
        answer = PersonnelAnswer(
            id=row.id, granted=granted, answered_by=actor.name, answer=unit.seal_value(Purpose.EVENT, note)
        )
        words = self.casework.profile.staff
        text = words.say(f"personnel_{'yes' if granted else 'no'}", permintaan=f"P{row.id}", alasan=note).strip()
        asked = self.casework.roster.named(row.asked_by)
        told = await self.casework.tell_staff([asked] if asked else [], reply(text, f"personnel:{row.id}"))
        data = {"request": f"P{row.id}", "granted": "yes" if granted else "no", "note": note}
        return await self._filing(answer, actor, case, data, told)

    def answers(self, actor: Actor) -> bool:
        """Whether the actor speaks for headquarters."""
        return actor.post == self._center or bool(actor.roles & {Role.ADMIN, Role.LEADERSHIP})

    async def waiting(self, number: str | None) -> PersonnelRow:
        """The request of that number, or the only one that waits. Raises `NotFoundError`."""
        store = self.casework.store
        if number is not None:
            digits = number.strip().upper().removeprefix("P")
            usable = digits.isascii() and digits.isdigit() and len(digits) < 10  # noqa: PLR2004 digits
            found = await store.personnel_request(int(digits)) if usable else None
            if found is None:
                raise NotFoundError("there is no such request")
            return found
        rows = await store.personnel_requests(waiting=True, limit=2)
        if len(rows) != 1:
            raise NotFoundError("say which request")
        return rows[0]

    async def views(self, rows: Sequence[PersonnelRow]) -> list[PersonnelView]:
        """Rows as staff see them."""
        return [await self._view(one) for one in rows]

    async def _view(self, row: PersonnelRow) -> PersonnelView:
        case = await self.casework.store.case(case_id=row.case_id) if row.case_id is not None else None
        unit = self.casework.keyring.unit
        return PersonnelView(
            number=f"P{row.id}",
            post=row.post,
            wanted=row.wanted,
            reason=unit.open_value(Purpose.EVENT, row.reason, str),
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            reference=case.reference if case else None,
            granted=row.granted,
            answered_by=row.answered_by,
            answered_at=row.answered_at,
            answer=unit.open_value(Purpose.EVENT, row.answer, str) if row.answer else "",
        )

    @property
    def _center(self) -> str:
        return self.casework.profile.central_post.post_id

    def headquarters(self) -> list[Staff]:
        """Who is told of a request: whoever stands by at headquarters, else leadership."""
        entries = [one for one in self.casework.roster.entries if one.standby and one.addresses]
        there = [one for one in entries if one.post == self._center]
        return there or [one for one in entries if one.role is Role.LEADERSHIP]

    async def _told_of_request(self, row: NewPersonnel, reason: str, case: Case | None) -> tuple[Draft, ...]:
        words = self.casework.profile.staff
        text = words.say(
            "personnel_request",
            permintaan=f"P{row.id}",
            pos=self.casework.profile.post_name(row.post),
            jumlah=str(row.wanted),
            alasan=reason,
            nomor=case.reference if case else "",
        ).strip()
        given = {"request": f"P{row.id}"}
        options = [Option(act=one, label=words.acts[one].label, given=given) for one in (Act.GRANT, Act.DENY)]
        update = reply(text, f"personnel:{row.id}", Menu(options=tuple(options)))
        people = [one for one in self.headquarters() if one.name != row.asked_by]
        return await self.casework.tell_staff(people, update)

    async def _filing(
        self,
        personnel: NewPersonnel | PersonnelAnswer,
        actor: Actor,
        case: Case | None,
        data: dict[str, str],
        drafts: tuple[Draft, ...],
    ) -> Filing:
        event = None
        if case is not None:
            box = await self.casework.people.box(case.reporter_id)
            event = self.casework.event(box, actor, EventKind.PERSONNEL, data)
        return Filing(
            inbox_id=None,
            now=self.casework.clock(),
            case_id=case.case_id if case else None,
            version=case.version if case else None,
            fields=CaseFields() if case else None,
            event=event,
            drafts=drafts,
            personnel=personnel,
        )
