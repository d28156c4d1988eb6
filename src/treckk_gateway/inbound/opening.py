"""A message opens a case: its number and its receipt, or what to do in danger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.casework import Casework
from treckk_gateway.inbound.answers import Answers, reporter_of, value_of
from treckk_gateway.inbound.conversation import Scene
from treckk_gateway.model import CaseUpdate, EventKind, Finding, Intent, State, Urgency
from treckk_gateway.model import subject as judged
from treckk_gateway.store.orders import ConversationFields, Filing, NewCase, NewTimer


@attrs.frozen
class Openings:
    """Filings that open a case."""

    casework: Casework
    answers: Answers

    def open(
        self, scene: Scene, intent: Intent, findings: Sequence[Finding], now: int, earlier: Iterable[int] = ()
    ) -> Filing:
        """The filing; `earlier` are messages of the conversation, filed without a case, that join the new one."""
        case = self._case(scene, intent, findings)
        return Filing(
            inbox_id=None,
            now=now,
            opens=case,
            event=self.casework.event(scene.box, reporter_of(scene), EventKind.OPENED, {"channel": scene.channel_id}),
            findings=self.casework.findings(scene.box, findings),
            drafts=self.answers.drafts(scene, self._receipt(case, now)),
            timers=(NewTimer(kind="dispatch", instance="opened", due=now),),
            conversation=ConversationFields(language=case.language),
            earlier=tuple(earlier),
        )

    def _case(self, scene: Scene, intent: Intent, findings: Sequence[Finding]) -> NewCase:
        profile, casework = self.casework.profile, self.casework
        district = value_of(findings, "district")
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
            flags=judged.flags(findings),
            category=value_of(findings, "category"),
            district=district,
            village=value_of(findings, "village"),
            post=profile.post_of(district).post_id,
        )

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
