"""Triage of a case that is already open: the stage between intake and dispatch, woken by a timer."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from treckk_gateway.casework.bodies import MessageBody, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.form import said, sealed
from treckk_gateway.casework.questions import Asking
from treckk_gateway.casework.surroundings import Recognise, Surroundings
from treckk_gateway.casework.walk_in import WALK_IN
from treckk_gateway.errors import NotFoundError
from treckk_gateway.model import Actor, Address, Case, EventKind, Finding, InboundMessage, Intent, Subject, Urgency
from treckk_gateway.model import subject as judged
from treckk_gateway.store.orders import CaseFields, NewTimer
from treckk_gateway.store.rows import TimerRow


@attrs.frozen
class Stage:
    """Runs the pipeline over what a case holds and records what it found. It decides nothing."""

    casework: Casework
    recognise: Recognise

    async def handle(self, timer: TimerRow) -> None:
        """Findings onto the case, then the hand-over to dispatch, in one transaction."""
        store = self.casework.store
        case = await store.case(case_id=timer.case_id)
        message = await self._message(case) if case is not None else None
        if case is None or message is None:
            await store.finish_timer(timer.id)
            return
        findings = await self._findings(message, case)
        given = self._given(message, findings)
        box = await self.casework.people.box(case.reporter_id)
        await self.casework.note(
            case,
            Actor.system("triage"),
            EventKind.FINDINGS,
            {},
            fields=self._fields(case, findings, given),
            values=sealed(said(message, findings, given, self.casework.profile), box),
            findings=findings,
            timers=(NewTimer(kind="dispatch", instance=timer.instance, due=self.casework.clock()),),
            finishes=timer.id,
        )

    async def _findings(self, message: InboundMessage, case: Case) -> Sequence[Finding]:
        """What the pipeline finds about a case."""
        subject = Subject(message=message, case=case, open_cases=1)
        return await Surroundings(self.casework).look(subject, case.reporter_id, self.recognise)

    async def _message(self, case: Case) -> InboundMessage | None:
        rows = await self.casework.store.case_file(case.case_id)
        if rows is None or not rows.messages:
            return None
        first = rows.messages[0]
        try:
            box = await self.casework.people.box(first.reporter_id)
        except NotFoundError:
            return None
        body = box.open_value(Purpose.MESSAGE, first.body, MessageBody)
        return InboundMessage(
            dedupe_key=f"case:{case.case_id}",
            sender=Address("case", str(case.case_id)),
            text=body.text,
            subject=body.subject,
            sender_name=body.sender_name,
            location=body.location,
        )

    def _given(self, message: InboundMessage, findings: Sequence[Finding]) -> frozenset[str]:
        """Fields that are filled; a name that staff wrote down is one."""
        return frozenset(
            {one.value for one in findings if one.field == "given"} | ({"name"} if message.sender_name else set())
        )

    def _fields(self, case: Case, findings: Sequence[Finding], given: frozenset[str]) -> CaseFields:
        def found(field: str, known: str | None) -> str | None:
            best = judged.best(findings, field)
            return best.value if best is not None and known is None else None

        urgency = judged.urgency(findings)
        added = tuple(one for one in judged.flags(findings) if one not in case.flags)
        lacking = {one.value for one in findings if one.field == "missing"}
        asking = Asking(self.casework.profile.form, self.casework.profile.dialogue)
        missing = asking.ordered(lacking - given)
        # What staff write down for somebody has no intent of its own but that it is a report.
        secures = case.channel_id == WALK_IN and judged.intent(findings) is Intent.SECURITY_REQUEST
        return CaseFields(
            intent=Intent.SECURITY_REQUEST if secures else None,
            missing=missing,
            completeness=asking.completeness(missing) if lacking or given else None,
            category=found("category", case.category),
            district=found("district", case.district),
            village=found("village", case.village),
            urgency=urgency if urgency is not Urgency.NORMAL else None,
            flags=(*case.flags, *added) if added else None,
        )
