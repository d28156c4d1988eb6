"""What is done with a message, given what triage thinks of it: opened, joined, answered, asked, or only filed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.bodies import Asking, Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.views import Given
from treckk_gateway.inbound.answers import Answers, reporter_of, value_of
from treckk_gateway.inbound.conversation import Scene, chosen
from treckk_gateway.model import (
    OPENS_CASE,
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
from treckk_gateway.model.lifecycle import SETTLED
from treckk_gateway.store.orders import CaseFields, ConversationFields, Draft, Filing, NewCase, NewTimer

_MOST_QUESTIONS = 2

_REPORTING = frozenset({Intent.COMPLAINT, Intent.SECURITY_REQUEST})


@attrs.frozen
class Decisions:
    """Turns a message and the findings about it into one filing."""

    casework: Casework
    answers: Answers = attrs.field(default=attrs.Factory(lambda self: Answers(self.casework), takes_self=True))

    async def decide(self, scene: Scene, findings: Sequence[Finding]) -> Filing:
        """The one filing for this message, not yet applied; the caller adds the message itself."""
        intent = judged.intent(findings)
        flags = judged.flags(findings)
        now = self.casework.clock()
        urgent = judged.urgency(findings) is Urgency.EMERGENCY
        if scene.message.automatic:
            return await self._join(scene, scene.threaded, findings, now)
        # Danger to life is never taken for a question or a wish, whatever else the message says.
        asked = None if urgent else await self._asked(scene, intent, findings, now)
        if asked is not None:
            return asked
        if scene.case is not None and not self._new_matter(scene, intent):
            return await self._joining(scene, scene.case, findings, flags, now)
        if scene.case is None and not scene.ambiguous:
            past = await self._about_the_past(scene, intent, findings, flags, now)
            if past is not None:
                return past
        if scene.ambiguous and not urgent and intent is not Intent.HELP:
            return await self._ask(scene, now, tried=0)
        if intent in OPENS_CASE or urgent:
            return self._open(scene, Intent.COMPLAINT if urgent and intent not in OPENS_CASE else intent, findings, now)
        return self.answers.answer(scene, intent, findings, now)

    async def _asked(self, scene: Scene, intent: Intent, findings: Sequence[Finding], now: int) -> Filing | None:
        """What a person asks of us rather than reports: silence, an answer to our question, a status, their data."""
        if scene.message.consent is not None or intent is Intent.OPT_OUT:
            return await self.answers.consent(scene, "opt_in" in judged.flags(findings), now)
        if scene.asking is not None:
            return await self._answered(scene, scene.asking, findings, now)
        if intent is Intent.STATUS_QUERY:
            return await self.answers.status(scene, now)
        return await self.answers.privacy(scene, now) if intent is Intent.PRIVACY_REQUEST else None

    async def _about_the_past(
        self, scene: Scene, intent: Intent, findings: Sequence[Finding], flags: tuple[str, ...], now: int
    ) -> Filing | None:
        """An objection to a closed case, a withdrawal of none, an addition to nothing: never met with silence."""
        if intent is Intent.FEEDBACK and "reopen" in flags:
            latest = await self.casework.store.latest_case(scene.reporter.id)
            if latest is not None and latest.state is State.CLOSED:
                return await self._joining(scene, latest, findings, flags, now)
            return self._open(scene, Intent.UNKNOWN, findings, now)
        if intent is Intent.FEEDBACK and "withdraw" in flags:
            update = CaseUpdate(template="status_not_found", reply=True)
            return Filing(inbox_id=None, now=now, drafts=self.answers.once(scene, update, now))
        return self._open(scene, Intent.UNKNOWN, findings, now) if intent is Intent.SUPPLEMENT else None

    def _new_matter(self, scene: Scene, intent: Intent) -> bool:
        """A fresh report after an outcome is a case of its own, unless the reporter answered in the old thread."""
        return (
            scene.threaded is None
            and scene.case is not None
            and scene.case.state in SETTLED
            and intent in (_REPORTING | {Intent.INFO_REQUEST, Intent.HELP})
        )

    def _open(
        self, scene: Scene, intent: Intent, findings: Sequence[Finding], now: int, earlier: Iterable[int] = ()
    ) -> Filing:
        profile, casework = self.casework.profile, self.casework
        urgency = judged.urgency(findings)
        district = value_of(findings, "district")
        token = casework.ids.token()
        case = NewCase(
            prefix=profile.reference_prefix,
            channel_id=scene.channel_id,
            intent=intent,
            urgency=urgency,
            language=self.answers.language(scene, findings),
            reporter_id=scene.reporter.id,
            conversation_id=scene.conversation.id,
            token=scene.box.seal(Purpose.TOKEN, token.encode()),
            token_hash=casework.people.token_hash(token),
            flags=judged.flags(findings),
            category=value_of(findings, "category"),
            district=district,
            village=value_of(findings, "village"),
            post=profile.post_of(district).post_id,
        )
        place = profile.place_name(case.village, case.district) or "-"
        emergency = urgency is Urgency.EMERGENCY
        values = {
            "waktu": casework.wording.moment(now),
            "lokasi": place,
            "nama_sapaan": "",
            "nomor_darurat": profile.emergency_number,
            "state": State.RECEIVED,
            "version": "1",
        }
        update = CaseUpdate(
            template="emergency" if emergency else "receipt", values=values, urgent=emergency, reply=True
        )
        return Filing(
            inbox_id=None,
            now=now,
            opens=case,
            event=casework.event(scene.box, reporter_of(scene), EventKind.OPENED, {"channel": scene.channel_id}),
            findings=casework.findings(scene.box, findings),
            drafts=self.answers.drafts(scene, update),
            timers=(NewTimer(kind="dispatch", instance="opened", due=now),),
            conversation=ConversationFields(language=case.language),
            earlier=tuple(earlier),
        )

    async def _joining(
        self, scene: Scene, case: Case, findings: Sequence[Finding], flags: tuple[str, ...], now: int
    ) -> Filing:
        reopens = "reopen" in flags and case.state in {State.RESOLVED, State.NOT_ACTIONABLE, State.CLOSED}
        if not reopens or scene.foreign:
            return await self._join(scene, case, findings, now)
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

    async def _join(
        self, scene: Scene, case: Case | None, findings: Sequence[Finding], now: int, earlier: tuple[int, ...] = ()
    ) -> Filing:
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
            fields=fields,
            event=self.casework.event(box, reporter_of(scene), EventKind.MESSAGE, data),
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

    async def _ask(self, scene: Scene, now: int, *, tried: int) -> Filing:
        """Which of the open cases? The message waits with the conversation and joins the one chosen."""
        waiting = scene.asking.messages if scene.asking else ()
        cases = [one for one in scene.running if scene.asking is None or one.case_id in scene.asking.cases] or list(
            scene.running
        )
        lines = [f"{number}. {one.reference}" for number, one in enumerate(cases, 1)]
        asking = Asking(cases=tuple(one.case_id for one in cases), messages=waiting, tried=tried)
        update = CaseUpdate(
            template="ask_case",
            values={"daftar_aduan": "\n".join(lines), "baru": str(len(cases) + 1)},
            reply=True,
            step=f"ask{tried}",
        )
        sealed = scene.box.seal_value(Purpose.ASKING, asking)
        return Filing(
            inbox_id=None,
            now=now,
            conversation=ConversationFields(asking=sealed),
            drafts=self.answers.drafts(scene, update),
        )

    async def _answered(self, scene: Scene, asking: Asking, findings: Sequence[Finding], now: int) -> Filing:
        choice = chosen(scene.message.text, asking.cases)
        if choice is None and scene.threaded is not None:
            choice = scene.threaded.case_id
        if choice is None and asking.tried + 1 < _MOST_QUESTIONS:
            return await self._ask(scene, now, tried=asking.tried + 1)
        waiting = await self._waiting(scene)
        if choice == 0:
            filing = self._open(scene, Intent.UNKNOWN, findings, now, earlier=waiting)
        else:
            # Not understood twice: the newest case takes it, marked for a person.
            case = await self.casework.store.case(case_id=choice or asking.cases[0])
            filing = await self._join(scene, case, findings, now, earlier=waiting)
            if choice is None and case is not None:
                filing = replace(filing, fields=CaseFields(flags=(*case.flags, "needs_clarification")))
        fields = replace(filing.conversation or ConversationFields(), answered=True)
        return replace(filing, conversation=fields)

    async def _waiting(self, scene: Scene) -> tuple[int, ...]:
        """Messages of this conversation that were filed without a case since we asked."""
        recent = await self.casework.store.recent_messages(scene.conversation.id, 20)
        waiting = []
        for one in recent:
            if one.case_id is not None:
                break
            waiting.append(one.id)
        return tuple(waiting)
