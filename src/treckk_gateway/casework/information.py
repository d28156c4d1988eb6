"""Questions about the unit: who holds a topic, more time with a reason, and answers somebody approved."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.views import Given
from treckk_gateway.errors import Incomplete, NotAllowed
from treckk_gateway.model import Actor, Case, CaseUpdate, ClockName, EventKind, Instant, Role, Staff, State
from treckk_gateway.profile.tokens import fold
from treckk_gateway.store.orders import Change

_ANSWERING = frozenset({Role.ADMIN, Role.HOLDER})


@attrs.frozen
class Information:
    """The information track: forwarded to a holder, extended with a reason, answered."""

    casework: Casework

    def holders(self, topic: str | None) -> tuple[Staff, ...]:
        """Who holds a topic: those whose entry names it, else those who hold no topic in particular."""
        holders = [one for one in self.casework.roster.entries if one.role is Role.HOLDER]
        known = self.casework.profile.information.topic(topic or "")
        names = {fold(topic or ""), *((fold(known.name), fold(known.code.replace("_", " "))) if known else ())}
        own = [one for one in holders if names & {fold(name.replace("_", " ")) for name in one.topics}]
        return tuple(own or [one for one in holders if not one.topics])

    async def topic(self, case: Case) -> str | None:
        """The topic a case was last forwarded under."""
        rows = await self.casework.store.case_file(case.case_id)
        forwarded = [one for one in rows.events if one.target is State.INFO_FORWARDED] if rows else []
        if not forwarded:
            return None
        box = await self.casework.people.box(case.reporter_id)
        return box.open_value(Purpose.EVENT, forwarded[-1].data, dict[str, str]).get("topic")

    async def check_holder(self, case: Case, actor: Actor) -> None:
        """Raise `NotAllowed` for a holder of other topics."""
        if actor.roles & {Role.ADMIN, Role.LEADERSHIP} or case.state is not State.INFO_FORWARDED:
            return
        if actor.name not in {one.name for one in self.holders(await self.topic(case))}:
            raise NotAllowed("this topic belongs to another holder")

    async def extending(self, case: Case, actor: Actor, reason: str) -> Change:
        """More time for an answer: a message with the reason, and no step.

        Raises `NotAllowed` for others, `Incomplete` when the question waits for no answer.
        """
        if not actor.roles & _ANSWERING:
            raise NotAllowed("only the desk and the holder take more time")
        if case.state is not State.INFO_FORWARDED:
            raise Incomplete("this question waits for no holder's answer", ("no_answer_awaited",))
        await self.check_holder(case, actor)
        due = await self._extended(case)
        values = {
            "alasan": reason,
            "batas": self.casework.wording.last_day(due),
            **self.casework.wording.standing(case, case.state, case.version + 1),
        }
        update = CaseUpdate(template="info_extended", values=values, step=f"extended:{case.version + 1}")
        drafts = await self.casework.tell_parties(case, update)
        return await self.casework.entry(case, actor, EventKind.EXTENDED, {"note": reason}, drafts=drafts, promised=due)

    async def _extended(self, case: Case) -> Instant:
        """When the answer is due after the one extension there is. Raises `Incomplete` when it was taken."""
        clocks, now = self.casework.clocks, self.casework.clock()
        events = await self.casework.store.history(case.case_id)
        cap = next((one for one in clocks.of(case, events, now) if one.name is ClockName.ANSWER_CAP), None)
        if cap is not None and any(one.kind is EventKind.EXTENDED and one.seq > cap.seq for one in events):
            raise Incomplete("the time for this answer was extended once already", ("extended",))
        return clocks.extended(cap.due if cap is not None and cap.due is not None else now)

    async def answering(self, case: Case, actor: Actor, code: str) -> Change:
        """An approved answer is sent by a person, on record with who approved it and when.

        Raises `Incomplete` for an answer that nobody approved, and what a step raises.
        """
        known = self.casework.profile.information.approved(code)
        if known is None:
            codes = ", ".join(one.code for one in self.casework.profile.information.faq) or "none"
            raise Incomplete(f"there is no such approved answer; there are {codes}", ("faq",))
        await self.check_holder(case, actor)
        approval = f"{known.code}: {known.approved_by}, {known.approved_at:%Y-%m-%d}"
        given = Given(note=known.answer, topic=known.topic, approved=approval)
        return await self.casework.moving(case, State.ANSWERED, actor, given)
