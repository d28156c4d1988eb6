"""A message joins a case that runs: what it adds, what it answers, and the danger it only now tells of."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.casework import Casework, reassigned
from treckk_gateway.casework.findings import sealed
from treckk_gateway.casework.questions import NEEDS_HUMAN, ask_timers, speaks
from treckk_gateway.casework.views import Given
from treckk_gateway.inbound.answers import Answers, reporter_of, value_of
from treckk_gateway.inbound.conversation import Scene
from treckk_gateway.inbound.filling import Filled, Filling
from treckk_gateway.inbound.loops import MARK
from treckk_gateway.model import (
    Actor,
    Case,
    CaseUpdate,
    EventKind,
    Finding,
    Intent,
    Role,
    State,
    Urgency,
    lifecycle,
)
from treckk_gateway.model import subject as judged
from treckk_gateway.model.lifecycle import MERGED
from treckk_gateway.store.orders import CaseFields, Draft, Filing, Further, NewTimer

SYSTEM = Actor.system("form")
"""The part of this software that asks for the form."""

_PLACED = frozenset({State.RECEIVED, State.NEEDS_INFO})
_REPORTS = frozenset({Intent.COMPLAINT, Intent.SECURITY_REQUEST})


@attrs.frozen
class Joinings:
    """Filings that add to a case."""

    casework: Casework
    answers: Answers
    filling: Filling

    async def join(
        self, scene: Scene, case: Case | None, findings: Sequence[Finding], now: int, earlier: tuple[int, ...] = ()
    ) -> Filing:
        """The filing of a message that adds to a case; without a case it is only kept."""
        if case is None:
            return Filing(inbox_id=None, now=now)
        box = await self.answers.box(scene, case)
        data = (
            {"automatic": "yes"} if scene.message.automatic else {"unverified_sender": "yes"} if scene.foreign else {}
        )
        if scene.looping:
            data |= MARK
        filing = Filing(
            inbox_id=None,
            now=now,
            case_id=case.case_id,
            event=self.casework.event(box, reporter_of(scene), EventKind.MESSAGE, data),
            findings=sealed(box, [one for one in findings if one.field != "language"]),
            earlier=earlier,
        )
        if scene.message.automatic:
            return filing
        timers = (NewTimer(kind="dispatch", instance=f"message:{now}", due=now),)
        filled = None if scene.foreign else self.filling.further(scene, case, findings, box)
        after, drafts = self._added(scene, case, findings, filled)
        fields = _changed(case, after)
        moved = reassigned(case, after.post if after.post != case.post else None)
        filing = replace(
            filing,
            fields=fields,
            # Whose report was just taken out of a merged case must not write into it.
            version=case.version if fields or MERGED in case.flags else None,
            event=self.casework.event(box, reporter_of(scene), EventKind.MESSAGE, data | moved),
            timers=timers,
        )
        if filled is None:
            return filing
        if filled.voice and speaks(after):
            drafts = (*drafts, *self.answers.drafts(scene, CaseUpdate(template="voice_noted", reply=True)))
        further = await self._completed(after) if fields is not None else None
        return replace(
            filing,
            drafts=drafts,
            timers=(*timers, *ask_timers(self.casework.profile, after, now)),
            values=filled.values,
            further=further,
        )

    def _added(
        self, scene: Scene, case: Case, findings: Sequence[Finding], filled: Filled | None
    ) -> tuple[Case, tuple[Draft, ...]]:
        """The case as the message leaves it, and the emergency text where it only now tells of danger."""
        profile = self.casework.profile
        after = filled.over(case) if filled is not None else case
        district = case.district or (filled and filled.district) or value_of(findings, "district")
        placed = district is not None and case.district is None and case.state in _PLACED
        escalates = judged.urgency(findings) is Urgency.EMERGENCY and case.urgency is not Urgency.EMERGENCY
        intent = judged.intent(findings)
        after = attrs.evolve(
            after,
            district=district,
            village=case.village or value_of(findings, "village"),
            category=case.category or value_of(findings, "category"),
            post=profile.post_of(district).post_id if placed else case.post,
            urgency=Urgency.EMERGENCY if escalates else case.urgency,
            # What began as a photo or a pin becomes the complaint it belongs to.
            intent=intent if case.intent is Intent.UNKNOWN and intent in _REPORTS else case.intent,
            flags=tuple(dict.fromkeys((*after.flags, *judged.flags(findings)))),
        )
        if not escalates or scene.foreign:
            return after, ()
        update = CaseUpdate(
            template="emergency", values={"nomor_darurat": profile.emergency_number}, urgent=True, reply=True
        )
        return after, self.answers.drafts(scene, update)

    async def _completed(self, after: Case) -> Further | None:
        """The step back to review once nothing is left to wait for."""
        waits = self.filling.asking.waits(after) or bool(after.questions.pending)
        if after.state is not State.NEEDS_INFO or waits or after.taken or NEEDS_HUMAN in after.flags:
            return None
        step = lifecycle.step(State.NEEDS_INFO, State.UNDER_REVIEW, {Role.SYSTEM})
        change = await self.casework.step(attrs.evolve(after, version=after.version + 1), step, SYSTEM, Given())
        if change.event is None:
            return None
        return Further(fields=change.fields, event=change.event, drafts=change.drafts, timers=change.timers)


def _changed(before: Case, after: Case) -> CaseFields | None:
    names = ("district", "village", "category", "post", "urgency", "intent", "flags", "missing", "questions",
             "completeness")  # fmt: skip
    changed = {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
    return CaseFields(**changed) if changed else None
