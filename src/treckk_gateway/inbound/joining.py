"""A message joins a case that runs: what it adds, the danger it only now tells of, an objection to the outcome."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from treckk_gateway.casework.casework import Casework, reassigned
from treckk_gateway.casework.views import Given
from treckk_gateway.inbound.answers import Answers, reporter_of, value_of
from treckk_gateway.inbound.conversation import Scene
from treckk_gateway.model import Case, CaseUpdate, EventKind, Finding, Role, State, Urgency, lifecycle
from treckk_gateway.model import subject as judged
from treckk_gateway.model.lifecycle import MERGED
from treckk_gateway.store.orders import CaseFields, Draft, Filing, NewTimer

_REOPENED_FROM = frozenset({State.RESOLVED, State.NOT_ACTIONABLE, State.CLOSED})


@attrs.frozen
class Joinings:
    """Filings that add to a case."""

    casework: Casework
    answers: Answers

    async def join_or_reopen(
        self, scene: Scene, case: Case, findings: Sequence[Finding], flags: tuple[str, ...], now: int
    ) -> Filing:
        """The filing of a message that may object to an outcome: then it reopens the case."""
        reopens = "reopen" in flags and case.state in _REOPENED_FROM
        if not reopens or scene.foreign:
            return await self.join(scene, case, findings, now)
        step = lifecycle.step(case.state, State.REOPENED, {Role.REPORTER})
        change = await self.casework.step(case, step, reporter_of(scene), Given())
        return Filing(
            inbox_id=None,
            now=now,
            case_id=case.case_id,
            version=case.version,
            fields=change.fields,
            event=change.event,
            findings=self.casework.findings(await self.answers.box(scene, case), findings),
            drafts=change.drafts,
            timers=change.timers,
        )

    async def join(
        self, scene: Scene, case: Case | None, findings: Sequence[Finding], now: int, earlier: tuple[int, ...] = ()
    ) -> Filing:
        """The filing of a message that changes no state; without a case it is only kept."""
        if case is None:
            return Filing(inbox_id=None, now=now)
        box = await self.answers.box(scene, case)
        fields, drafts = self._escalated(scene, case, findings)
        data = (
            {"automatic": "yes"} if scene.message.automatic else {"unverified_sender": "yes"} if scene.foreign else {}
        )
        return Filing(
            inbox_id=None,
            now=now,
            case_id=case.case_id,
            # Whose report was just taken out of the case must not write into it.
            version=case.version if MERGED in case.flags else None,
            fields=fields,
            event=self.casework.event(
                box, reporter_of(scene), EventKind.MESSAGE, data | reassigned(case, fields.post if fields else None)
            ),
            findings=self.casework.findings(box, [one for one in findings if one.field != "language"]),
            drafts=drafts,
            timers=() if scene.message.automatic else (NewTimer(kind="dispatch", instance=f"message:{now}", due=now),),
            earlier=earlier,
        )

    def _escalated(
        self, scene: Scene, case: Case, findings: Sequence[Finding]
    ) -> tuple[CaseFields | None, tuple[Draft, ...]]:
        """What a later message adds to the case: a place not known before, and danger it only now tells of."""
        profile = self.casework.profile
        district = value_of(findings, "district") if case.district is None else None
        village = value_of(findings, "village") if case.village is None else None
        category = value_of(findings, "category") if case.category is None else None
        escalates = judged.urgency(findings) is Urgency.EMERGENCY and case.urgency is not Urgency.EMERGENCY
        added = tuple(one for one in judged.flags(findings) if one not in case.flags)
        fields = CaseFields(
            district=district,
            village=village,
            category=category,
            post=profile.post_of(district).post_id
            if district and case.state in {State.RECEIVED, State.NEEDS_INFO}
            else None,
            urgency=Urgency.EMERGENCY if escalates else None,
            flags=(*case.flags, *added) if added else None,
        )
        if not escalates or scene.foreign:
            return (fields if fields != CaseFields() else None), ()
        update = CaseUpdate(
            template="emergency", values={"nomor_darurat": profile.emergency_number}, urgent=True, reply=True
        )
        return fields, self.answers.drafts(scene, update)
