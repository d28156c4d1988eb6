"""A message opens a case: its number and its receipt, or what to do in danger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.findings import sealed
from treckk_gateway.casework.questions import ask_timers
from treckk_gateway.inbound.answers import Answers, reporter_of, value_of
from treckk_gateway.inbound.conversation import Scene
from treckk_gateway.inbound.filling import Filled, Filling
from treckk_gateway.model import Case, CaseUpdate, EventKind, Finding, Instant, Intent, State, Urgency
from treckk_gateway.model import subject as judged
from treckk_gateway.store.orders import ConversationFields, Filing, FirstClocks, NewCase, NewTimer


@attrs.frozen
class Openings:
    """Filings that open a case."""

    casework: Casework
    answers: Answers
    filling: Filling
    clocks: Callable[[Case, Instant], FirstClocks | None]

    def open(
        self,
        scene: Scene,
        intent: Intent,
        findings: Sequence[Finding],
        now: int,
        earlier: Iterable[int] = (),
        follows: Case | None = None,
    ) -> Filing:
        """The filing; `earlier` are messages of the conversation, filed without a case, that join the new one.

        `follows` is a case of the same reporter whose time for objections is over: the new one begins where it was.
        """
        filled = self.filling.first(scene, findings, scene.box)
        case = self._case(scene, intent, findings, filled, follows)
        opened = _as_case(case, now)
        data = {"channel": scene.channel_id, "follows": follows.reference if follows else ""}
        return Filing(
            inbox_id=None,
            now=now,
            clocks=self.clocks(opened, now),
            opens=case,
            event=self.casework.event(scene.box, reporter_of(scene), EventKind.OPENED, data),
            findings=sealed(scene.box, findings),
            drafts=tuple(draft for update in self._told(case, now) for draft in self.answers.drafts(scene, update)),
            timers=(
                NewTimer(kind="dispatch", instance="opened", due=now),
                *ask_timers(self.casework.profile, opened, now),
            ),
            values=filled.values,
            conversation=ConversationFields(language=case.language),
            earlier=tuple(earlier),
        )

    def _case(
        self, scene: Scene, intent: Intent, findings: Sequence[Finding], filled: Filled, follows: Case | None
    ) -> NewCase:
        profile, casework = self.casework.profile, self.casework
        district = value_of(findings, "district") or (follows.district if follows else None)
        flags = (*judged.flags(findings), *filled.flags, *(("repeat_report",) if follows else ()))
        token = casework.ids.token()
        return NewCase(
            prefix=profile.reference_prefix,
            channel_id=scene.channel_id,
            intent=intent,
            urgency=judged.urgency(findings),
            language=self.answers.language(scene, findings),
            reporter_id=scene.reporter.id,
            conversation_id=scene.conversation.id,
            token=scene.box.seal(Purpose.TOKEN, token.encode()),
            token_hash=casework.people.token_hash(token),
            flags=tuple(dict.fromkeys(flags)),
            category=value_of(findings, "category") or (follows.category if follows else None),
            district=district,
            village=value_of(findings, "village") or (follows.village if follows else None),
            post=profile.post_of(district).post_id,
            missing=filled.missing,
            questions=filled.questions,
            completeness=filled.completeness,
        )

    def _told(self, case: NewCase, now: int) -> tuple[CaseUpdate, ...]:
        """The receipt; outside service hours then when the unit will reply, unless there is danger."""
        later = self.casework.after_hours(case.urgency, case.language, now)
        return (self._receipt(case, now), *([later] if later is not None else []))

    def _receipt(self, case: NewCase, now: int) -> CaseUpdate:
        profile = self.casework.profile
        emergency = case.urgency is Urgency.EMERGENCY
        values = {
            "waktu": self.casework.wording.moment(now),
            "lokasi": profile.place_name(case.village, case.district) or "-",
            "nama_sapaan": "",
            "nomor_darurat": profile.emergency_number,
            "state": State.RECEIVED,
            "version": "1",
        }
        return CaseUpdate(template="emergency" if emergency else "receipt", values=values, urgent=emergency, reply=True)


def _as_case(new: NewCase, now: Instant) -> Case:
    """The case that is about to be, for the rules of asking and its clocks."""
    return Case(
        case_id=0,
        reference="",
        state=State.RECEIVED,
        version=1,
        opened_at=now,
        changed_at=now,
        post=new.post,
        channel_id=new.channel_id,
        intent=new.intent,
        urgency=new.urgency,
        category=new.category,
        flags=new.flags,
        missing=new.missing,
        questions=new.questions,
        completeness=new.completeness,
    )
